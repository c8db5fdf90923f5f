/* nothing */ typedef int kws_placeholder;

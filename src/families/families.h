#pragma once

#include "kws/families/network.h"

namespace kws {

// The rows of the table, each made in the file of its name.
Family dnn();
Family cnn();
Family basic_lstm();
Family lstm();
Family gru();
Family crnn();
Family ds_cnn();
Family ds_tc();
Family tc_resnet();
Family bc_resnet();

}  // namespace kws

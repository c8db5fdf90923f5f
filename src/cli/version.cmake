# cmake -DSOURCE=... -DOUT=version.cpp -P version.cmake: the commit as a function, written only where it has changed.
execute_process(COMMAND git -C ${SOURCE} describe --always --abbrev=10 --exclude=* --dirty=-changed
                OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(commit "")
endif()
file(CONFIGURE OUTPUT ${OUT} CONTENT "#include \"version.h\"\n\nstd::string build_commit() { return \"${commit}\"; }\n")

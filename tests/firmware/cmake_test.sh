#!/usr/bin/env bash
# The export as a part of another CMake project: a C++ program on this computer, a library for a Cortex-M4.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
command -v cmake >/dev/null || { echo "SKIP: cmake is not here"; exit 77; }
export_design dnn "$work/app/door" door
cat >"$work/app/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.13)
project(app LANGUAGES C CXX)
add_subdirectory(door)
add_executable(app main.cpp)
target_link_libraries(app PRIVATE door_model)
CMAKE
cat >"$work/app/main.cpp" <<'CPP'
#include "door_selftest.h"
alignas(4) static unsigned char arena[DOOR_SELFTEST_ARENA_SIZE];
int main() { return door_selftest(arena); }
CPP
{ cmake -S "$work/app" -B "$work/host" && cmake --build "$work/host" && "$work/host/app"; } >"$work/log" 2>&1 ||
  fail "on this computer: $(tail -n 20 "$work/log")"
{ cmake -S "$work/app/door" -B "$work/m4" -DCMAKE_SYSTEM_NAME=Generic -DCMAKE_C_COMPILER=arm-none-eabi-gcc \
  -DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY -DCMAKE_C_FLAGS="-mcpu=cortex-m4 -mthumb -O2" &&
  cmake --build "$work/m4" && [ -f "$work/m4/libdoor_model.a" ]; } >"$work/log" 2>&1 ||
  fail "for a Cortex-M4: $(tail -n 20 "$work/log")"
# An application without a floating-point unit links what the front end needs of the C library.
sed -i 's/ CXX)/)/; s/main.cpp/main.c/' "$work/app/CMakeLists.txt"
sed 's/alignas(4)/DOOR_ALIGN(4)/; s/main()/main(void)/' "$work/app/main.cpp" >"$work/app/main.c"
{ cmake -S "$work/app" -B "$work/m3" -DCMAKE_SYSTEM_NAME=Generic -DCMAKE_C_COMPILER=arm-none-eabi-gcc \
  -DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY -DCMAKE_C_FLAGS="-mcpu=cortex-m3 -mthumb -O2" \
  -DCMAKE_EXE_LINKER_FLAGS="--specs=nosys.specs" && cmake --build "$work/m3" && [ -f "$work/m3/app" ]; } >"$work/log" 2>&1 ||
  fail "for a Cortex-M3: $(tail -n 20 "$work/log")"
finish

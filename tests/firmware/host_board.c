/* board.h on this computer, so that the bare-metal example's lines can be compared with those of a core. */
#include <stdio.h>
#include <stdlib.h>

#include "board.h"

void board_print(const char* text) { fputs(text, stdout); }
void board_exit(int code) { exit(code); }

#include "fuzz.h"
#include "kws/core/options.h"
#include "kws/cost/board.h"

int LLVMFuzzerInitialize(int* argc, char*** argv) {
  return kws::fuzz::begin_corpus(
      *argc, *argv, {R"({"schema": "kwsmith.board/1", "name": "lpc11u24", "summary": "a board", "core": "m0",
        "clock_hz": 48000000, "flash_bytes": 32768, "ram_bytes": 8192, "fpu": false, "source": "its data sheet"})"});
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return kws::fuzz::refuse_or_read(
      data, size, [&] { (void)kws::board_from_json(kws::parse_json(kws::fuzz::text(data, size), "fuzz"), "fuzz"); });
}

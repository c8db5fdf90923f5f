// A table of learning curves, plain or packed by gzip.
#include <unistd.h>

#include "fuzz.h"
#include "kws/core/files.h"
#include "kws/core/options.h"
#include "kws/cost/cost.h"
#include "kws/search/curves.h"

static const std::filesystem::path& file() {
  static const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("kws_curves_fuzz_" + std::to_string(::getpid()) + ".json.gz");
  return path;
}

static std::string packed(const kws::CurveTable& table) {
  save_curves(file(), table);
  return kws::read_file(file());
}

int LLVMFuzzerInitialize(int* argc, char*** argv) {
  kws::CurveTable table;
  for (const kws::Design& design : kws::published_designs()) {
    const kws::CostTotals totals = hello_edge_totals(build_graph(design));
    table.curves.push_back(
        {.design = design, .memory_bytes = totals.memory_bytes, .ops = totals.ops, .accuracy = {0.5, 0.75}});
    if (table.curves.size() == 2) break;
  }
  const std::string bytes = packed(table);
  std::filesystem::path plain = file();
  plain.replace_extension();
  save_curves(plain, table);
  return kws::fuzz::begin_corpus(*argc, *argv, {bytes, kws::read_file(plain)});
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::ofstream(file(), std::ios::binary) << kws::fuzz::text(data, size);
  return kws::fuzz::refuse_or_read(data, size, [&] { (void)kws::load_curves(file()); });
}

#include "fuzz.h"
#include "kws/core/options.h"
#include "kws/cost/cost.h"
#include "kws/families/design.h"

int LLVMFuzzerInitialize(int* argc, char*** argv) {
  std::vector<std::string> seeds;
  for (const kws::Design& design : kws::published_designs()) seeds.push_back(kws::text_of(design_to_json(design)));
  return kws::fuzz::begin_corpus(*argc, *argv, seeds);
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return kws::fuzz::refuse_or_read(data, size, [&] {
    const kws::Design design = kws::design_from_json(kws::parse_json(kws::fuzz::text(data, size), "fuzz"), "fuzz");
    (void)hello_edge_totals(build_graph(design));
    if (design_hash(kws::design_from_json(design_to_json(design), "again")) != design_hash(design)) std::abort();
  });
}

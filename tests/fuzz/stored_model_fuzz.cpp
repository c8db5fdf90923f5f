// The bytes of a model in a study's store.
#include "fuzz.h"
#include "model/random_model.h"

int LLVMFuzzerInitialize(int* argc, char*** argv) {
  const kws::Model model = kws::test::random_model(kws::test::small_design(R"({"type":"dnn","hidden":[2]})"));
  return kws::fuzz::begin_corpus(*argc, *argv, {pack_model(model)});
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return kws::fuzz::refuse_or_read(data, size, [&] { (void)kws::unpack_model(kws::fuzz::text(data, size)); });
}

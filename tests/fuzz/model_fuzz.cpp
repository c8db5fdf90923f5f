// model.json beside good weights: what is accepted must be safe to run.
#include "fuzz.h"
#include "kws/core/options.h"
#include "kws/quant/int8_engine.h"
#include "model/random_model.h"

static const std::map<std::string, std::string>& good() {
  static const auto files =
      model_files(kws::test::random_model(kws::test::small_design(R"({"type":"dnn","hidden":[4]})")));
  return files;
}

int LLVMFuzzerInitialize(int* argc, char*** argv) {
  return kws::fuzz::begin_corpus(*argc, *argv, {good().at("model.json")});
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return kws::fuzz::refuse_or_read(data, size, [&] {
    std::map<std::string, std::string> files = good();
    files["model.json"] = kws::fuzz::text(data, size);
    const kws::Model model = kws::model_from_files(files, "fuzz");
    const kws::Int8Engine engine(model.int8);
    for (const auto& features : model.golden) {
      std::vector<std::int8_t> logits(model.labels.size());
      engine.run(features, logits);
    }
    const kws::FrontEnd front_end(model.design.features);
    const std::vector<std::int16_t> silence(kws::kClipSamples);
    std::vector<std::int8_t> features(static_cast<std::size_t>(front_end.values()));
    front_end.quantized(silence, model.normalisation, features);
  });
}

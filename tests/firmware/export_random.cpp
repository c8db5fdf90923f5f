// kws_export_random DESIGN.json OUT [PREFIX [float|integer [HOP_MS [carried]]]]: exports the design with random int8
// weights, so that the firmware tests need no training. Arithmetic of the front end, time from decision to decision, and
// whether a stream carries the state of recurrent layers on.
#include <cstdio>
#include <string>

#include "export/random_models.h"
#include "kws/core/error.h"
#include "kws/families/design.h"

int main(int argc, char** argv) {
  if (argc < 3 || argc > 7) {
    std::fprintf(stderr, "usage: %s DESIGN.json OUT [PREFIX [float|integer [HOP_MS [carried]]]]\n", argv[0]);
    return 2;
  }
  try {
    kws::Design design = kws::load_design(argv[1]);
    if (argc >= 5) design.features.arithmetic = argv[4];
    const kws::test::Exportable parts(kws::test::RandomModels(1).model(kws::build_graph(design)), design.features);
    kws::ExportModel model = parts.model();
    model.info.name = design.name;
    model.info.type = design.type();
    model.info.design_hash = kws::design_hash(design);
    // Low enough for random networks to detect something.
    model.detector = {.smoothing_ms = 250, .threshold = 0.3, .refractory_ms = 350};
    model.detector.carry_state = argc == 7 && std::string(argv[6]) == "carried";
    const int hop_ms = argc >= 6 ? std::stoi(argv[5]) : 0;
    kws::write_c_model(model, {.prefix = argc >= 4 ? argv[3] : "kws", .replace = true, .hop_ms = hop_ms}, argv[2]);
  } catch (const kws::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kws/cost/cost.h"
#include "kws/families/design.h"

namespace kws {

/// The Cortex-M cores that the export's Makefile knows and the figures below were measured on.
enum class Core { m0, m3, m4, m7, m33, m55 };
inline constexpr std::array<Core, 6> kCores = {Core::m0, Core::m3, Core::m4, Core::m7, Core::m33, Core::m55};
template <class T>
using PerCore = std::array<T, kCores.size()>;
template <class T>
constexpr const T& of(const PerCore<T>& figures, Core core) {
  return figures[static_cast<std::size_t>(core)];
}
std::string_view core_name(Core core);
/// Whether there are parts of it with a unit for floats; they are what figures are counted for unless said otherwise.
bool may_have_fpu(Core core);
/// throws Error (Exit::usage) naming the known cores.
Core core_by_name(std::string_view name);

/// What the size of an export depends on besides the design. The defaults are what an export takes unless told.
struct FirmwareOptions {
  Core core = Core::m4;                   ///< whose flash and RAM are told
  bool fpu = true;                        ///< false: floats in software, on a core whose parts may have a unit, too
  int hop_ms = 0;                         ///< from decision to decision; 0: default_hop_ms()
  bool flow = true;                       ///< plan_stream() where it applies
  bool carry_state = false;               ///< in its place plan_carried(), where its calls divide the hop
  int smoothing_ms = 300;                 ///< of the detector
  int exp_entries = 256;                  ///< of the detector's table; before training the largest number there is
  std::span<const std::string> labels{};  ///< [classes]; empty: 11 characters for two labels, 7 for each keyword
};

/// Flash and RAM of the streaming export (front end, network, detector) as the library links into an application
/// (`make size`), built by arm-none-eabi-gcc 12 at -O2. Without the stack, the audio buffer and the application.
struct FirmwareSizes {
  std::int64_t flash_bytes = 0;
  std::int64_t ram_bytes = 0;
  std::int64_t arena_bytes = 0;  ///< of the network alone, run over a whole window: plan_arena(graph).bytes
};
/// For filtering many designs: nothing is kept but the totals.
///   features, graph  of one design, see build_graph()
FirmwareSizes firmware_sizes(const FeatureOptions& features, const Graph& graph, const FirmwareOptions& options = {});

/// Whether the front end's floats are computed in software, which takes about 20 times as long.
bool soft_floats(const FeatureOptions& features, const FirmwareOptions& options);

/// Stack of kws_push and kws_step at most, on every core; tests/firmware/sizes_test.sh measures it.
inline constexpr int kStackBytes = 896;

/// The same in rows, which add up, and the time it takes.
struct FirmwareCost {
  struct Row {
    std::string_view name;
    std::int64_t bytes = 0;
  };
  std::array<Row, 7> constants;           ///< in flash, the same on every core
  PerCore<std::int64_t> code_bytes{};     ///< kernels in use, front end, stream, and what they call of the C library
  std::array<Row, 7> ram;                 ///< the same on every core
  PerCore<std::int64_t> library_bytes{};  ///< initialised data of the C library, in flash and in RAM
  std::int64_t arena_bytes = 0;           ///< of the network alone, run over a whole window: plan_arena(graph).bytes
  [[nodiscard]] FirmwareSizes sizes(Core core) const;

  /// Instructions of one call, and cycles by the core's table of tests/firmware/insn_plugin.c (M0, M3, else M4).
  struct Work {
    double instructions = 0;
    double cycles = 0;
  };
  std::vector<PerCore<Work>> layers;  ///< one per layer; they add up to `invoke` but for its loop
  PerCore<Work> invoke{};             ///< kws_invoke
  PerCore<Work> network{};            ///< of one decision: the same, or the flow
  PerCore<Work> frame{};              ///< one frame of features
  PerCore<Work> hop{};                ///< from one decision to the next: its frames, the network, the detector
  int hop_ms = 0;
  Core report_core = Core::m4;  ///< of the options
};
FirmwareCost firmware_cost(const FeatureOptions& features, const Graph& graph, const FirmwareOptions& options = {});

/// What real cores are expected to take, from cycles by table.
struct CycleRange {
  std::int64_t low = 0;
  std::int64_t high = 0;
};
CycleRange cycle_range(Core core, const FirmwareCost::Work& work);
/// Where the range comes from, one line.
std::string_view cycle_basis(Core core);

/// "firmware" of kwsmith.cost/1 and kwsmith.export/1: flash, ram (rows of report_core, which add up to flash_bytes and
/// ram_bytes), sizes, instructions (network: all of it; network_of_decision: see StreamPlan) and cycles (low, high: one
/// decision with its frames of features) of every core.
nlohmann::ordered_json firmware_to_json(const FirmwareCost& cost);
/// {"m0": instructions, ...}
nlohmann::ordered_json instructions_to_json(const PerCore<FirmwareCost::Work>& work);

/// Work of one decision (from hop to hop, front end included) without rows, for filtering many designs.
FirmwareCost::Work hop_work(const FeatureOptions& features, const Graph& graph, const FirmwareOptions& options = {});

}  // namespace kws

#include "remarks.h"

#include <map>

#include "audio_file.h"
#include "kws/core/table.h"

namespace kws {
namespace {

/// Longer ones lose something that can be heard.
constexpr std::int64_t kLongSamples = static_cast<std::int64_t>(kSecond) + kAudioRateHz / 50;

std::string counted(std::size_t count, const std::string& noun) {
  return grouped(static_cast<long long>(count)) + " " + noun + (count == 1 ? "" : "s");
}

/// "8,000 Hz, 44,100 Hz and 48,000 Hz"; the rest as "others" when there are many.
std::string listed(const std::map<int, std::size_t>& rates) {
  std::string text;
  std::size_t done = 0;
  for (const auto& [rate, count] : rates) {
    if (done == 3) return text + " and other rates";
    ++done;
    text += (done == 1 ? "" : done == rates.size() ? " and " : ", ") + grouped(rate) + " Hz";
  }
  return text;
}

}  // namespace

std::vector<std::string> reading_remarks(const CorpusAudio& audio, std::size_t clips) {
  std::map<int, std::size_t> rates;
  std::size_t resampled = 0, mixed = 0, cut = 0;
  for (std::size_t i = 0; i < audio.size(); ++i) {
    if (!audio.fault(i).empty()) continue;
    const AudioFacts& facts = audio.facts(i);
    if (facts.rate_hz != kAudioRateHz) {
      ++resampled;
      ++rates[facts.rate_hz];
    }
    if (facts.channels != 1) ++mixed;
    if (i < clips && facts.samples > kLongSamples) ++cut;
  }
  std::vector<std::string> lines;
  if (resampled > 0) lines.push_back(counted(resampled, "recording") + " resampled to 16,000 Hz from " + listed(rates));
  if (mixed > 0) lines.push_back(counted(mixed, "recording") + " of several channels mixed to one");
  if (cut > 0) {
    lines.push_back(counted(cut, "clip") + " longer than a second: one second of each is used, the loudest unless " +
                    "--stretch says first");
  }
  if (!audio.warning().empty()) lines.push_back(audio.warning());
  return lines;
}

}  // namespace kws

#include "kws/datasets/augment.h"

#include <algorithm>
#include <cmath>

#include "augment_lanes.h"
#include "kws/core/audio.h"

namespace kws {
namespace {

constexpr std::int64_t kOne = std::int64_t{1} << 32;  // positions are 32.32 fixed point

/// Everything random about one variant, drawn in this order whatever the clip is.
struct Draw {
  std::int64_t step;   // source samples per output sample, fixed point
  std::int64_t shift;  // samples, positive = later
  bool noisy;
  std::uint64_t recording, start;  // to be reduced modulo what there is
  int volume;                      // 1/32768
  Level level;

  Draw(const AugmentOptions& o, Rng& rng)
      : step(static_cast<std::int64_t>(rng.uniform(1.0 - o.speed_percent / 100.0, 1.0 + o.speed_percent / 100.0) *
                                       static_cast<double>(kOne))),
        shift(0) {
    const int most = static_cast<int>(o.shift_ms * kSamplesPerMs);
    shift = rng.between(-most, most);
    noisy = rng.uniform() < o.noise_share;
    recording = rng.next();
    start = rng.next();
    volume = static_cast<int>(rng.uniform(0.0, o.noise_volume) * 32768.0);
    // Options that came later draw last, and nothing where they are off.
    if (o.gain_db < 0) level.gain_db = rng.uniform(o.gain_db, 0.0);
    if (o.dc_offset > 0) level.offset = rng.between(-o.dc_offset, o.dc_offset);
  }
};

/// out[i] = clip at middle + (i - shift - middle) * step, linearly interpolated, zero outside the clip.
void resample(std::span<const std::int16_t> clip, const Draw& draw, bool lanes, std::span<std::int16_t> out) {
  const auto samples = static_cast<std::int64_t>(out.size());
  const std::int64_t middle = samples / 2;
  const std::int64_t first = middle * kOne - (middle + draw.shift) * draw.step;  // position of out[0]
  const std::int64_t last = (static_cast<std::int64_t>(clip.size()) - 1) * kOne;
  // Outputs begin..end-1 lie inside the clip, so that the loop needs no checks.
  const auto reach = [&](std::int64_t position) {  // outputs before `position`, rounded up
    const std::int64_t distance = position - first;
    const std::int64_t count = distance <= 0 ? 0 : (distance + draw.step - 1) / draw.step;
    return std::clamp<std::int64_t>(count, 0, samples);
  };
  std::int64_t begin = reach(0);
  const std::int64_t end = std::max(begin, reach(last));
  std::fill(out.begin(), out.begin() + begin, std::int16_t{0});
  std::int64_t position = first + begin * draw.step;
  if (lanes) {
    const auto inside = out.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
    const auto done = static_cast<std::int64_t>(resample_lanes(clip, position, draw.step, inside));
    begin += done;
    position += done * draw.step;
  }
  for (std::int64_t i = begin; i < end; ++i, position += draw.step) {
    const auto at = static_cast<std::size_t>(position >> 32);
    const auto fraction = static_cast<std::int32_t>((position >> 17) & 0x7FFF);
    const std::int32_t a = clip[at];
    const std::int32_t b = clip[at + 1];
    out[static_cast<std::size_t>(i)] = static_cast<std::int16_t>(a + ((b - a) * fraction >> 15));
  }
  std::fill(out.begin() + end, out.end(), std::int16_t{0});
  if (end < samples && position == last) out[static_cast<std::size_t>(end)] = clip.back();
}

void add_noise(std::span<const std::int16_t> noise, const Draw& draw, bool lanes, std::span<std::int16_t> out) {
  if (noise.empty()) return;
  std::size_t at =
      noise.size() > out.size() ? static_cast<std::size_t>(draw.start % (noise.size() - out.size() + 1)) : 0;
  for (std::size_t done = 0; done < out.size(); at = 0) {  // a short recording repeats
    const std::size_t count = std::min(out.size() - done, noise.size() - at);
    const std::int16_t* from = noise.data() + at;
    std::int16_t* to = out.data() + done;
    const std::size_t first = lanes ? add_noise_lanes(noise.subspan(at), draw.volume, out.subspan(done, count)) : 0;
    for (std::size_t i = first; i < count; ++i) {
      const std::int32_t sum = to[i] + ((from[i] * draw.volume + (1 << 14)) >> 15);
      to[i] = static_cast<std::int16_t>(std::clamp(sum, -32768, 32767));
    }
    done += count;
  }
}

void augment_with(bool lanes, std::span<const std::int16_t> clip, const std::vector<std::vector<std::int16_t>>& noises,
                  const AugmentOptions& options, Rng& rng, bool silence, std::span<std::int16_t> out) {
  const Draw draw(options, rng);
  if (silence || clip.empty()) {
    std::ranges::fill(out, std::int16_t{0});
  } else {
    resample(clip, draw, lanes, out);
  }
  if (draw.noisy && !noises.empty()) add_noise(noises[draw.recording % noises.size()], draw, lanes, out);
  set_level(draw.level, out);
}

}  // namespace

void pad_clip(std::span<const std::int16_t> clip, std::span<std::int16_t> out) {
  const std::size_t count = std::min(clip.size(), out.size());
  std::copy_n(clip.begin(), count, out.begin());
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(count), out.end(), std::int16_t{0});
}

void set_level(const Level& level, std::span<std::int16_t> pcm) {
  if (level == Level{}) return;
  constexpr int kBits = 15;
  const std::int64_t factor = std::llround(std::pow(10.0, level.gain_db / 20.0) * (1 << kBits));
  for (std::int16_t& sample : pcm) {
    const std::int64_t changed = ((sample * factor + (1 << (kBits - 1))) >> kBits) + level.offset;
    sample = static_cast<std::int16_t>(std::clamp<std::int64_t>(changed, -32768, 32767));
  }
}

void augment(std::span<const std::int16_t> clip, const std::vector<std::vector<std::int16_t>>& noises,
             const AugmentOptions& options, Rng& rng, bool silence, std::span<std::int16_t> out) {
  static const bool lanes = augment_lanes_supported();
  augment_with(lanes, clip, noises, options, rng, silence, out);
}

void augment_plain(std::span<const std::int16_t> clip, const std::vector<std::vector<std::int16_t>>& noises,
                   const AugmentOptions& options, Rng& rng, bool silence, std::span<std::int16_t> out) {
  augment_with(false, clip, noises, options, rng, silence, out);
}

}  // namespace kws

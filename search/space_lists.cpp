#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "kws/search/space.h"

namespace kws {
namespace {

constexpr const char* kFrames = "window_stride_ms";
constexpr std::array kFrameRanges = {"window_ms", "stride_ms"};

/// Visits a space beside the JSON that it was or will be.
class ListVisitor {
 public:
  template <class Value, class Bound>
  void operator()(const char*, Value&, Bound, Bound, const char*) {}
  void optional(const char*, std::string&, const std::vector<std::string>&, const char*) {}
  void later(const char*, int&, int, int, int, const char*) {}
  void later(const char*, const std::vector<double>&, double, double, const char*) {}
};

class ListTaker : public ListVisitor {
 public:
  ListTaker(Json& json, std::string origin, std::string path)
      : json_(json), origin_(std::move(origin)), path_(std::move(path)) {}

  template <class Struct>
  void object(const char* name, Struct& value, const char*) {
    if (!json_.is_object() || !json_.contains(name)) return;
    Json& inner = json_[name];
    if constexpr (std::is_same_v<Struct, IntRange>) {
      if (inner.is_array()) take(name, value);
    } else {
      ListTaker taker(inner, origin_, path_ + "." + name);
      if constexpr (std::is_same_v<Struct, FeatureSpace>) taker.take_frames(value);
      describe(taker, value);
    }
  }

 private:
  void take(const char* name, IntRange& range) {
    JsonReader reader(json_, origin_, path_, Missing::keep_default);
    const std::size_t count = json_[name].size();
    if (count < 1 || count > IntRange::kMostListed) {
      reader.fail(name, "lists " + std::to_string(count) + " numbers",
                  "list 1 to " + std::to_string(IntRange::kMostListed) + R"(, or give {"low", "high", "step"})");
    }
    std::vector<int> numbers;
    reader.numbers(name, numbers, count, range.least, range.most);
    std::ranges::sort(numbers);
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    range.low = numbers.front();
    range.high = numbers.back();
    range.listed = numbers.size();
    std::ranges::copy(numbers, range.list.begin());
    json_.erase(name);
  }

  void take_frames(FeatureSpace& space) {
    constexpr std::size_t kMostFrames = 64;
    if (!json_.is_object() || !json_.contains(kFrames)) return;
    JsonReader reader(json_, origin_, path_, Missing::keep_default);
    for (const char* range : kFrameRanges) {
      if (json_.contains(range)) reader.fail(kFrames, "stands beside " + std::string(range), "take one of them");
    }
    std::vector<std::vector<int>> pairs;
    const IntRange &window = space.window_ms, &stride = space.stride_ms;
    reader.rows(kFrames, pairs, kMostFrames, 2, std::min(window.least, stride.least),
                std::max(window.most, stride.most));
    if (pairs.empty()) reader.fail(kFrames, "lists no pair", "write [[window, stride], ...]");
    for (const std::vector<int>& pair : pairs) {
      const FrameSize frame{.window_ms = pair[0], .stride_ms = pair[1]};
      if (frame.window_ms < window.least || frame.window_ms > window.most || frame.stride_ms < stride.least ||
          frame.stride_ms > frame.window_ms) {
        reader.fail(kFrames, text_of(Json(pair)) + " is no window with its stride",
                    "a window is " + std::to_string(window.least) + " to " + std::to_string(window.most) +
                        " ms, a stride " + std::to_string(stride.least) + " ms to its window");
      }
      space.frames.push_back(frame);
    }
    json_.erase(kFrames);
  }

  Json& json_;
  std::string origin_, path_;
};

class ListPutter : public ListVisitor {
 public:
  explicit ListPutter(Json& json) : json_(json) {}

  template <class Struct>
  void object(const char* name, Struct& value, const char*) {
    if constexpr (std::is_same_v<Struct, IntRange>) {
      if (value.listed > 0) json_[name] = std::vector<int>(value.list.data(), value.list.data() + value.listed);
    } else {
      ListPutter putter(json_[name]);
      describe(putter, value);
      if constexpr (std::is_same_v<Struct, FeatureSpace>) putter.put_frames(value);
    }
  }

 private:
  void put_frames(const FeatureSpace& space) {
    if (space.frames.empty()) return;
    for (const char* range : kFrameRanges) json_.erase(range);
    Json pairs = Json::array();
    for (const FrameSize& frame : space.frames) pairs.push_back({frame.window_ms, frame.stride_ms});
    json_[kFrames] = std::move(pairs);
  }

  Json& json_;
};

}  // namespace

void take_space_lists(Json& json, Space& space, const std::string& origin) {
  ListTaker taker(json, origin, "space");
  describe(taker, space);
}

void put_space_lists(Json& json, const Space& space) {
  Space copy = space;
  ListPutter putter(json);
  describe(putter, copy);
}

}  // namespace kws

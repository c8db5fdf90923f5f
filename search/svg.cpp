#include "svg.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "html.h"
#include "kws/core/table.h"

namespace kws {
namespace {

/// Marker shapes about the origin, of like area.
constexpr std::array kMarkShapes = {
    "M-4.5 0A4.5 4.5 0 1 1 4.5 0A4.5 4.5 0 1 1 -4.5 0Z",                               // circle
    "M-4 -4H4V4H-4Z",                                                                  // square
    "M0 -5.5L5 3.5H-5Z",                                                               // triangle
    "M0 -5.8L5.2 0L0 5.8L-5.2 0Z",                                                     // diamond
    "M0 5.5L5 -3.5H-5Z",                                                               // triangle upside down
    "M-1.9 -5.5H1.9V-1.9H5.5V1.9H1.9V5.5H-1.9V1.9H-5.5V-1.9H-1.9Z",                    // cross
    "M0 -6.4L1.6 -2.2L6 -2L2.6 0.8L3.8 5.2L0 2.6L-3.8 5.2L-2.6 0.8L-6 -2L-1.6 -2.2Z",  // star
    "M5.5 0L-3.5 5V-5Z",                                                               // triangle to the right
    "M-5.5 0L3.5 5V-5Z",                                                               // triangle to the left
    "M-5 0L-2.5 -4.6H2.5L5 0L2.5 4.6H-2.5Z"                                            // hexagon
};
constexpr double kLabelRoom = 44.0;  // that a label takes along the lower side

std::string at(double place) { return fixed(place, 1); }

/// Digits behind the point that a multiple of `step` needs.
int digits_of(double step) {
  return step >= 1.0 ? 0 : std::min(9, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
}

std::string tick_label(double value, double step) {
  // Above 2^53 grouped() could not hold it, and the digits would not be true.
  return step >= 1.0 && value < 9e15 ? grouped(std::llround(value)) : fixed(value, digits_of(step));
}

/// 1, 2 or 5 times a power of ten so that `range` takes at most six steps.
double round_step(double range) {
  const double power = std::pow(10.0, std::floor(std::log10(range / 6.0)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (range / (factor * power) <= 6.0) return factor * power;
  }
  return 10.0 * power;
}

std::vector<PlotTick> linear_ticks(const PlotAxis& axis) {
  const double step = round_step(axis.high - axis.low);
  std::vector<PlotTick> ticks;
  for (double i = std::ceil(axis.low / step - 1e-9); i * step <= axis.high + 1e-9 * step; ++i) {
    ticks.push_back({i * step, tick_label(i * step, step)});
  }
  return ticks;
}

std::vector<PlotTick> decade_ticks(const PlotAxis& axis, const std::vector<double>& factors) {
  std::vector<PlotTick> ticks;
  for (double power = std::pow(10.0, std::floor(std::log10(axis.low))); power <= axis.high; power *= 10.0) {
    for (const double factor : factors) {
      const double value = factor * power;
      if (value >= axis.low && value <= axis.high) ticks.push_back({value, tick_label(value, power)});
    }
  }
  return ticks;
}

std::string line_svg(const std::string& classes, double x1, double y1, double x2, double y2) {
  return "<line class=\"" + classes + "\" x1=\"" + at(x1) + "\" y1=\"" + at(y1) + "\" x2=\"" + at(x2) + "\" y2=\"" +
         at(y2) + "\"/>\n";
}

}  // namespace

double PlotAxis::place(double value) const {
  const double share = logarithmic ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
  return from + share * (to - from);
}

std::vector<PlotTick> round_ticks(const PlotAxis& axis) {
  if (!axis.logarithmic) return linear_ticks(axis);
  const std::vector<PlotTick> ticks = decade_ticks(axis, {1.0, 2.0, 5.0});
  if (ticks.size() < 3) return linear_ticks(axis);
  return ticks.size() <= 10 ? ticks : decade_ticks(axis, {1.0});
}

std::vector<PlotTick> ticks_at(const PlotAxis& axis, const std::vector<int>& values) {
  std::vector<PlotTick> ticks;
  for (const int value : values) {
    if (!ticks.empty() && axis.place(value) - axis.place(ticks.back().value) < kLabelRoom) continue;
    ticks.push_back({static_cast<double>(value), grouped(value)});
  }
  return ticks;
}

std::string plot_svg(const PlotText& text, const PlotAxis& x, const std::vector<PlotTick>& x_ticks, const PlotAxis& y,
                     const std::vector<PlotTick>& y_ticks, const std::string& inside) {
  std::string svg = "<svg class=\"plot\" viewBox=\"0 0 " + fixed(kPlotWidth, 0) + " " + fixed(kPlotHeight, 0) +
                    "\" role=\"img\" aria-labelledby=\"" + text.id + "-title " + text.id + "-note\">\n<title id=\"" +
                    text.id + "-title\">" + html_text(text.title) + "</title>\n<desc id=\"" + text.id + "-note\">" +
                    html_text(text.note) + "</desc>\n";
  for (const PlotTick& tick : x_ticks) {
    const double place = x.place(tick.value);
    svg += line_svg("grid", place, kPlotTop, place, kPlotBottom);
    svg += text_svg(place, kPlotBottom + 20.0, "middle", "", tick.label);
  }
  for (const PlotTick& tick : y_ticks) {
    const double place = y.place(tick.value);
    svg += line_svg("grid", kPlotLeft, place, kPlotRight, place);
    svg += text_svg(kPlotLeft - 8.0, place + 4.0, "end", "", tick.label);
  }
  svg += line_svg("axis", kPlotLeft, kPlotBottom, kPlotRight, kPlotBottom);
  svg += line_svg("axis", kPlotLeft, kPlotTop, kPlotLeft, kPlotBottom);
  svg += text_svg(4.0, 16.0, "start", "", text.y);
  svg += text_svg(0.5 * (kPlotLeft + kPlotRight), kPlotHeight - 12.0, "middle", "", text.x);
  return svg + inside + "</svg>\n";
}

std::string kind_class(std::size_t kind) { return "t" + std::to_string(kind % kMarkShapes.size()); }

std::string mark_svg(std::size_t kind, const std::string& classes, double x, double y, const std::string& extra,
                     const std::string& tip) {
  return "<path class=\"mark " + kind_class(kind) + (classes.empty() ? "" : " " + classes) +
         "\" transform=\"translate(" + at(x) + " " + at(y) + ")\" d=\"" + kMarkShapes[kind % kMarkShapes.size()] +
         "\"" + extra + "><title>" + html_text(tip) + "</title></path>\n";
}

std::string mark_sample(std::size_t kind) {
  return "<svg viewBox=\"-8 -8 16 16\" aria-hidden=\"true\"><path class=\"mark full " + kind_class(kind) + "\" d=\"" +
         kMarkShapes[kind % kMarkShapes.size()] + "\"/></svg>";
}

std::string text_svg(double x, double y, const std::string& anchor, const std::string& classes,
                     const std::string& text) {
  return "<text" + (classes.empty() ? "" : " class=\"" + classes + "\"") + " x=\"" + at(x) + "\" y=\"" + at(y) +
         "\" text-anchor=\"" + anchor + "\">" + html_text(text) + "</text>\n";
}

std::string path_svg(const std::string& classes, const std::vector<PlotPoint>& points) {
  std::string path;
  for (const PlotPoint& point : points) path += (path.empty() ? "M" : "L") + at(point.x) + " " + at(point.y);
  return "<path class=\"" + classes + "\" d=\"" + path + "\"/>\n";
}

}  // namespace kws

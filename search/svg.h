#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace kws {

/// Pictures as inline SVG, in the classes of html_page()'s style. Lengths are in units of the picture.
inline constexpr double kPlotWidth = 640.0, kPlotHeight = 400.0;
inline constexpr double kPlotLeft = 58.0, kPlotRight = 620.0, kPlotTop = 50.0, kPlotBottom = 344.0;

/// Maps values to places along one side of a plot.
struct PlotAxis {
  double low = 0.0, high = 1.0;  ///< values at both ends, low < high
  double from = 0.0, to = 1.0;   ///< where they lie
  bool logarithmic = false;      ///< then low > 0
  [[nodiscard]] double place(double value) const;
};

struct PlotTick {
  double value = 0.0;
  std::string label;
};

/// Round values on the axis, rising, about ten at most.
std::vector<PlotTick> round_ticks(const PlotAxis& axis);
/// The given values, but those whose labels would touch the one before.
///   values  rising
std::vector<PlotTick> ticks_at(const PlotAxis& axis, const std::vector<int>& values);

struct PlotText {
  std::string id;           ///< unlike those of the page's other pictures
  std::string title, note;  ///< for who cannot see it
  std::string x, y;         ///< what the axes show
};

/// A picture of axes and grid with `inside` on top.
std::string plot_svg(const PlotText& text, const PlotAxis& x, const std::vector<PlotTick>& x_ticks, const PlotAxis& y,
                     const std::vector<PlotTick>& y_ticks, const std::string& inside);

/// A marker of the kind's own shape and colour; there are seven, then they repeat.
///   classes  further ones: "full" (filled), "pale"
///   extra    attributes, "" or beginning with a space
///   tip      plain text, shown under the pointer
std::string mark_svg(std::size_t kind, const std::string& classes, double x, double y, const std::string& extra,
                     const std::string& tip);
/// The marker alone, for a legend.
std::string mark_sample(std::size_t kind);
/// The class that gives `currentColor` the colour of a kind.
std::string kind_class(std::size_t kind);

/// A text of plain characters; anchor: "start", "middle", "end".
std::string text_svg(double x, double y, const std::string& anchor, const std::string& classes,
                     const std::string& text);
/// A path through points.
struct PlotPoint {
  double x = 0.0, y = 0.0;
};
std::string path_svg(const std::string& classes, const std::vector<PlotPoint>& points);

}  // namespace kws

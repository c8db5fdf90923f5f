#include "help.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "cli.h"
#include "kws/core/options.h"
#include "kws/core/text.h"

namespace kws::cli {

namespace {

constexpr std::size_t kNarrowest = 40, kWidest = 110;  // columns that are read with ease
constexpr std::size_t kTextColumn = 26;
constexpr const char* kCommon = "Common options";

/// Verb -> command lines.
const std::map<std::string, std::vector<std::string>>& examples() {
  static const std::map<std::string, std::vector<std::string>> table = {
      {"kwsmith",
       {"kwsmith search --data speech --budget small --study study", "kwsmith cost ds_cnn_s --board nrf52840"}},
      {"kwsmith data", {"kwsmith data synth --speakers 60 --out speech", "kwsmith data import recordings --out ours"}},
      {"kwsmith data check", {"kwsmith data check speech", "kwsmith data check ours --keywords aurora,blinds --json"}},
      {"kwsmith data fetch",
       {"kwsmith data fetch --out speech",
        "kwsmith data fetch --url https://example.com/words.zip --sha256 HEX --out words"}},
      {"kwsmith data import",
       {"kwsmith data import recordings.zip --out ours --keywords aurora,blinds",
        "kwsmith data import phones --out ours --speaker '(?<speaker>[^/_]+)_[^/]*$'"}},
      {"kwsmith data synth",
       {"kwsmith data synth --speakers 60 --out speech",
        "kwsmith data synth --keywords aurora,\"coffee time\" --out ours"}},
      {"kwsmith cost",
       {"kwsmith cost configs/hello_edge/*.json --budget small",
        "kwsmith cost ds_cnn_s --board nrf52840 --max-flash 80K"}},
      {"kwsmith design",
       {"kwsmith design ds_cnn_s --board nrf52840 --out mine.json", "kwsmith design study:17 --study study --open"}},
      {"kwsmith search",
       {"kwsmith search --data speech --budget small,medium --time 2h --study study",
        "kwsmith search --data speech --board stm32f411 --max-flash 80K --study study",
        "kwsmith search --types ds_cnn --print-config >search.json",
        "kwsmith search --config configs/search_front_ends.json --dry-run"}},
      {"kwsmith worker",
       {"kwsmith worker --study postgresql://kws@db/kws --data speech",
        "kwsmith worker --study study --data speech --max-idle 60"}},
      {"kwsmith status", {"kwsmith status study --watch", "kwsmith status postgresql://kws@db/kws --json"}},
      {"kwsmith trials",
       {"kwsmith trials study --budget small --best 5", "kwsmith trials study --long --format csv >study.csv"}},
      {"kwsmith pareto", {"kwsmith pareto study", "kwsmith pareto study --budget medium --format csv"}},
      {"kwsmith report", {"kwsmith report study --serve --open", "kwsmith report study study2 --out both.html"}},
      {"kwsmith replay",
       {"kwsmith replay --table configs/learning_curves.json.gz --seeds 30",
        "kwsmith replay --table curves.json.gz --steps"}},
      {"kwsmith train",
       {"kwsmith train ds_cnn_s --data speech --out ds_cnn_s",
        "kwsmith train design.json --data speech --tuning-epochs 3 --out model"}},
      {"kwsmith quantize",
       {"kwsmith quantize model --data speech", "kwsmith quantize model --data my_microphone --out model2"}},
      {"kwsmith eval",
       {"kwsmith eval model --data speech", "kwsmith eval model --data speech --engine c --json",
        "kwsmith eval ds_cnn_s --data my_microphone --split all"}},
      {"kwsmith listen",
       {"kwsmith listen model evening.wav", "kwsmith listen model --data speech --minutes 60 --tune 1"}},
      {"kwsmith export",
       {"kwsmith export study/best/small --out firmware",
        "kwsmith export model --board nrf52840 --prefix wake --out firmware",
        "kwsmith export model --format onnx --out model.onnx"}},
      {"kwsmith bench", {"kwsmith bench train", "kwsmith bench train ds_cnn_s gru_s --rounds 5"}},
      {"kwsmith bench train", {"kwsmith bench train", "kwsmith bench train --seconds 3 --rounds 5 --json"}},
      {"kwsmith list", {"kwsmith list boards", "kwsmith list types --json"}},
      {"kwsmith completions",
       {"kwsmith completions bash >~/.local/share/bash-completion/completions/kwsmith",
        "kwsmith completions fish >~/.config/fish/completions/kwsmith.fish"}},
      {"kwsmith manual", {"kwsmith manual | man -l -", "kwsmith manual >~/.local/share/man/man1/kwsmith.1"}}};
  return table;
}

/// Two columns: what is typed, and what it means.
std::string entry(const std::string& typed, const std::string& meaning, std::size_t width) {
  const std::string text = wrapped(meaning, kTextColumn, width);
  const std::string left = "  " + typed;
  if (left.size() + 2 > kTextColumn) return left + "\n" + text;
  return left + std::string(kTextColumn - left.size(), ' ') + text.substr(std::min(kTextColumn, text.size()));
}

/// The verb the user has come to.
const CLI::App& deepest(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return *at;
}

std::vector<std::string> names_of(const std::vector<const CLI::App*>& verbs) {
  std::vector<std::string> names;
  for (const CLI::App* verb : verbs) names.push_back(verb->get_name());
  return names;
}

}  // namespace

std::size_t terminal_width(int descriptor) {
  winsize size{};
  if (::isatty(descriptor) == 0 || ::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::string path_of(const CLI::App& verb) {
  return verb.get_parent() == nullptr ? "kwsmith" : path_of(*verb.get_parent()) + " " + verb.get_name();
}

std::vector<OptionGroup> option_groups(const CLI::App& verb) {
  std::vector<OptionGroup> groups;
  const auto add = [&](const std::string& title, const CLI::Option* option) {
    auto group = std::ranges::find(groups, title, &OptionGroup::title);
    if (group == groups.end()) group = groups.insert(groups.end(), {title, {}});
    group->options.push_back(option);
  };
  const CLI::App* top = &verb;
  while (top->get_parent() != nullptr) top = top->get_parent();
  for (const CLI::Option* option : verb.get_options()) {
    const std::string& group = option->get_group();
    if (!option->nonpositional() || group.empty() || &verb == top || option == verb.get_help_ptr()) continue;
    add(group == "Options" ? kCommon : group, option);
  }
  // What many need, whichever was added first; what few need stands below.
  const auto place = [](const OptionGroup& group) {
    return group.title == kCommon ? 0 : group.title == kLimits ? 1 : group.title == kAdvanced ? 3 : 2;
  };
  std::ranges::stable_sort(groups, {}, place);
  for (const CLI::Option* option : top->get_options()) {
    if (option->nonpositional() && !option->get_group().empty()) add("Options of every verb", option);
  }
  return groups;
}

std::vector<const CLI::Option*> positionals(const CLI::App& verb) {
  return verb.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

std::vector<const CLI::App*> verbs_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* verb) { return !verb->get_name().empty(); });
}

std::string spelling(const CLI::Option& option) {
  std::string text;
  for (const std::string& name : option.get_snames()) text += (text.empty() ? "-" : ", -") + name;
  for (const std::string& name : option.get_lnames()) text += (text.empty() ? "--" : ", --") + name;
  return text + (option.get_items_expected_max() == 0 ? "" : " VALUE");
}

std::string explanation(const CLI::Option& option) {
  const std::string& preset = option.get_default_str();
  const bool told = preset.empty() || preset == "0" || option.get_items_expected_max() == 0;
  return option.get_description() + (told ? "" : " (default: " + preset + ")");
}

std::vector<std::string> examples_of(const CLI::App& verb) {
  const auto found = examples().find(path_of(verb));
  return found == examples().end() ? std::vector<std::string>() : found->second;
}

std::string Help::make_help(const CLI::App* app, std::string /*name*/, CLI::AppFormatMode /*mode*/) const {
  const std::size_t width = std::clamp(terminal_width(STDOUT_FILENO), kNarrowest, kWidest);
  const std::vector<const CLI::App*> verbs = verbs_of(*app);
  std::string usage = "Usage: " + path_of(*app) + (verbs.empty() ? "" : " VERB") + " [OPTIONS]";
  for (const CLI::Option* option : positionals(*app)) {
    const std::string name = option->get_name() + (option->get_items_expected_max() > 1 ? "..." : "");
    usage += option->get_required() ? " " + name : " [" + name + "]";
  }
  std::string text = wrapped(app->get_description(), 0, width) + "\n" + wrapped(usage, 0, width);
  if (!positionals(*app).empty()) text += "\nArguments:\n";
  for (const CLI::Option* option : positionals(*app)) text += entry(option->get_name(), explanation(*option), width);
  if (!verbs.empty()) text += "\nVerbs:\n";
  for (const CLI::App* verb : verbs) text += entry(verb->get_name(), verb->get_description(), width);
  for (const OptionGroup& group : option_groups(*app)) {
    text += "\n" + group.title + ":\n";
    for (const CLI::Option* option : group.options) text += entry(spelling(*option), explanation(*option), width);
  }
  if (!examples_of(*app).empty()) text += "\nExamples:\n";
  for (const std::string& example : examples_of(*app)) text += "  " + example + "\n";
  const CLI::App* top = app;
  while (top->get_parent() != nullptr) top = top->get_parent();
  return text + "\n" + wrapped(top->get_footer(), 0, width);
}

std::string first_steps() {
  return "First steps, from nothing to C:\n"
         "  kwsmith data synth --out speech                       recordings to try with\n"
         "  kwsmith search --data speech --study study --time 5m  find the best network\n"
         "  kwsmith export study/best/small --out firmware        write it as C99\n"
         "Before anything is trained:\n"
         "  kwsmith list boards                                   parts to choose from\n"
         "  kwsmith cost ds_cnn_s --board nrf52840                what a design takes\n"
         "  kwsmith design ds_cnn_s --board nrf52840              change it on a page\n"
         "All verbs: kwsmith --help; one of them: kwsmith VERB --help\n";
}

std::string usage_line(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& verb = deepest(app);
  const std::string help = "see " + path_of(verb) + " --help";
  for (const std::string& word : app.remaining(true)) {
    if (word.starts_with("--") && word.size() > 2) {
      const std::string flag = word.substr(0, word.find('='));
      std::vector<std::string> known = {"--help"};
      for (const OptionGroup& group : option_groups(verb)) {
        for (const CLI::Option* option : group.options) {
          for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
        }
      }
      return flag + ": is no option of " + path_of(verb) + "; " + did_you_mean(flag, known, help);
    }
    if (word.starts_with('-')) return word + ": is no option of " + path_of(verb) + "; " + help;
    const std::vector<const CLI::App*> verbs = verbs_of(verb);
    if (verbs.empty()) return word + ": is more than " + path_of(verb) + " takes; " + help;
    return word + ": is no verb of " + path_of(verb) + "; " + did_you_mean(word, names_of(verbs), help);
  }
  if (!verbs_of(verb).empty()) return verb.get_name() + ": no verb is given; " + help;
  return std::string(error.what()) + "; " + help;
}

}  // namespace kws::cli

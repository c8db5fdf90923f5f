#include <functional>
#include <iostream>
#include <memory>
#include <set>

#include "cli.h"
#include "help.h"
#include "kws/cost/board.h"
#include "kws/cost/budget.h"
#include "kws/families/design.h"
#include "kws/search/view.h"

namespace kws::cli {
namespace {

/// Calls `visit` for the verb and all below it.
void each_verb(const CLI::App& verb, const std::function<void(const CLI::App&)>& visit) {
  visit(verb);
  for (const CLI::App* below : verbs_of(verb)) each_verb(*below, visit);
}

std::string joined_by(const std::string& between, const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

/// Values worth offering; of other options shells offer files.
std::vector<std::string> values_of(const CLI::Option& option) {
  std::vector<std::string> values;
  const std::string name = option.get_lnames().empty() ? option.get_name() : option.get_lnames().front();
  if (name == "board") {
    for (const Board& board : standard_boards()) values.push_back(board.name);
  } else if (name == "budget") {
    for (const Budget& budget : standard_budgets()) values.push_back(budget.name);
  } else if (name == "types" || name == "type") {
    values = network_types();
  } else if (name == "core") {
    values = core_names();
  } else if (name == "format") {
    values = {"table", "json", "csv"};
  } else if (name == "engine") {
    values = {"float", "int8", "c"};
  } else if (name == "split") {
    values = {"validation", "test", "all"};
  } else if (name == "state") {
    for (const TrialState state : kTrialStates) values.emplace_back(state_name(state));
  } else if (name == "front-end") {
    values = {"float", "integer"};
  } else if (name == "stretch") {
    values = {"loudest", "first"};
  } else if (name == "DESIGN") {
    for (const Design& design : known_designs()) values.push_back(design.name);
  } else if (name == "WHAT") {
    values = {"types", "budgets", "boards", "designs", "models", "recipes", "configs"};
  } else if (name == "SHELL") {
    values = {"bash", "zsh", "fish"};
  }
  return values;
}

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

std::vector<std::string> flags_of(const CLI::App& verb) {
  std::vector<std::string> flags;
  for (const OptionGroup& group : option_groups(verb)) {
    for (const CLI::Option* option : group.options) {
      for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
    }
  }
  return flags;
}

/// What may stand in the place of the verb's next word.
std::vector<std::string> words_of(const CLI::App& verb) {
  std::vector<std::string> words;
  for (const CLI::App* below : verbs_of(verb)) words.push_back(below->get_name());
  for (const CLI::Option* option : positionals(verb)) {
    for (const std::string& value : values_of(*option)) words.push_back(value);
  }
  return words;
}

std::string bash(const CLI::App& app) {
  std::string verbs, words, values;
  std::set<std::string> seen;
  each_verb(app, [&](const CLI::App& verb) {
    const std::string path = path_of(verb);
    verbs += (verbs.empty() ? "" : "|") + ("'" + path + "'");
    words += "    '" + path + "') words='" + joined_by(" ", words_of(verb)) + "' flags='" +
             joined_by(" ", flags_of(verb)) + "' ;;\n";
    for (const OptionGroup& group : option_groups(verb)) {
      for (const CLI::Option* option : group.options) {
        if (!takes_value(*option) || option->get_lnames().empty()) continue;
        const std::string flag = "--" + option->get_lnames().front();
        if (!seen.insert(flag).second) continue;
        const std::string offered = joined_by(" ", values_of(*option));
        values += "    " + flag + ") " +
                  (offered.empty() ? std::string("COMPREPLY=($(compgen -f -- \"$word\"))")
                                   : "COMPREPLY=($(compgen -W '" + offered + "' -- \"$word\"))") +
                  "; return ;;\n";
      }
    }
  });
  return "# bash completion of kwsmith; made by `kwsmith completions bash`\n"
         "_kwsmith() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb=kwsmith words= flags= i\n"
         "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
         "    case \"$verb ${COMP_WORDS[i]}\" in\n"
         "    " +
         verbs +
         ") verb=\"$verb ${COMP_WORDS[i]}\" ;;\n"
         "    esac\n"
         "  done\n"
         "  COMPREPLY=()\n"
         "  case $before in\n" +
         values +
         "  esac\n"
         "  case $verb in\n" +
         words +
         "  esac\n"
         "  case $word in\n"
         "    -*) COMPREPLY=($(compgen -W \"$flags\" -- \"$word\")) ;;\n"
         "    *) COMPREPLY=($(compgen -W \"$words\" -- \"$word\") $([ \"$verb\" = kwsmith ] || compgen -f -- "
         "\"$word\")) ;;\n"
         "  esac\n"
         "}\n"
         "complete -o filenames -F _kwsmith kwsmith\n";
}

/// Without what ends a quoted text of zsh or fish.
std::string plain(const std::string& text) {
  std::string result;
  for (const char c : text.substr(0, text.find(';'))) {
    if (std::string_view("'[]:\\`").find(c) == std::string_view::npos) result += c;
  }
  return result;
}

std::string zsh(const CLI::App& app) {
  std::string cases, paths;
  each_verb(app, [&](const CLI::App& verb) {
    const std::string path = path_of(verb);
    paths += (paths.empty() ? "" : "|") + ("'" + path + "'");
    std::string options, verbs;
    for (const CLI::App* below : verbs_of(verb)) {
      verbs += " '" + below->get_name() + ":" + plain(below->get_description()) + "'";
    }
    for (const OptionGroup& group : option_groups(verb)) {
      for (const CLI::Option* option : group.options) {
        const std::string offered = joined_by(" ", values_of(*option));
        for (const std::string& name : option->get_lnames()) {
          options += " '--" + name + "[" + plain(option->get_description()) + "]" +
                     (!takes_value(*option) ? ""
                      : offered.empty()     ? ":value:_files"
                                            : ":value:(" + offered + ")") +
                     "'";
        }
      }
    }
    std::string places;
    for (const CLI::Option* option : positionals(verb)) {
      const std::string offered = joined_by(" ", values_of(*option));
      places = " '*:" + plain(option->get_name()) + ":" + (offered.empty() ? "_files" : "(" + offered + ")") + "'";
    }
    cases += "    '" + path + "')\n";
    if (!verbs.empty()) {
      cases += "      [[ $PREFIX != -* ]] && { verbs=(" + verbs.substr(1) + "); _describe verb verbs; return }\n";
    }
    cases += "      _arguments -S" + options + places + " ;;\n";
  });
  return "#compdef kwsmith\n"
         "# zsh completion of kwsmith; made by `kwsmith completions zsh`\n"
         "_kwsmith() {\n"
         "  local verb=kwsmith i\n"
         "  local -a verbs\n"
         "  for ((i = 2; i < CURRENT; ++i)); do\n"
         "    case \"$verb $words[i]\" in\n"
         "    (" +
         paths +
         ") verb=\"$verb $words[i]\" ;;\n"
         "    esac\n"
         "  done\n"
         "  case $verb in\n" +
         cases +
         "  esac\n"
         "}\n"
         "if [ \"$funcstack[1]\" = _kwsmith ]; then _kwsmith \"$@\"; else compdef _kwsmith kwsmith; fi\n";
}

std::string fish(const CLI::App& app) {
  std::string text = "# fish completion of kwsmith; made by `kwsmith completions fish`\n";
  each_verb(app, [&](const CLI::App& verb) {
    std::string names;
    for (const CLI::App* below : verbs_of(verb)) names += " " + below->get_name();
    const CLI::App* parent = verb.get_parent();
    const std::string here = parent == nullptr ? "" : "__fish_seen_subcommand_from " + verb.get_name();
    for (const CLI::App* below : verbs_of(verb)) {
      const std::string before = "not __fish_seen_subcommand_from" + names;
      text += "complete -c kwsmith -f -n '" + (here.empty() ? "" : here + "; and ") + before + "' -a " +
              below->get_name() + " -d '" + plain(below->get_description()) + "'\n";
    }
    for (const CLI::Option* option : positionals(verb)) {
      const std::string offered = joined_by(" ", values_of(*option));
      if (!offered.empty()) text += "complete -c kwsmith -f -n '" + here + "' -a '" + offered + "'\n";
    }
    for (const OptionGroup& group : option_groups(verb)) {
      const bool of_all = group.title == "Options of every verb";
      if (of_all != (parent == nullptr)) continue;
      for (const CLI::Option* option : group.options) {
        const std::string offered = joined_by(" ", values_of(*option));
        for (const std::string& name : option->get_lnames()) {
          text += "complete -c kwsmith" + (here.empty() ? "" : " -n '" + here + "'") + " -l " + name +
                  (!takes_value(*option) ? ""
                   : offered.empty()     ? " -r"
                                         : " -x -a '" + offered + "'") +
                  " -d '" + plain(option->get_description()) + "'\n";
        }
      }
    }
  });
  return text;
}

/// A text as troff reads it.
std::string troff(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else if ((c == '.' || c == '\'') && (result.empty() || result.back() == '\n')) {
      result += std::string("\\&") + c;
    } else {
      result += c;
    }
  }
  return result;
}

std::string manual(const CLI::App& app) {
  std::string text = ".TH KWSMITH 1 \"\" \"kwsmith " KWS_VERSION "\" \"User commands\"\n.SH NAME\nkwsmith \\- " +
                     troff(app.get_description()) + "\n.SH SYNOPSIS\n.B kwsmith\n.I VERB\n[options]\n";
  const auto options_of = [&](const OptionGroup& group) {
    for (const CLI::Option* option : group.options) {
      text += ".TP\n.B " + troff(spelling(*option)) + "\n" + troff(explanation(*option)) + "\n";
    }
  };
  each_verb(app, [&](const CLI::App& verb) {
    if (verb.get_parent() == nullptr) {
      text += ".SH FIRST STEPS\n.nf\n" + troff(first_steps()) + ".fi\n";
      return;
    }
    text += ".SH " + troff(path_of(verb)) + "\n" + troff(verb.get_description()) + "\n";
    for (const CLI::Option* option : positionals(verb)) {
      text += ".TP\n.I " + troff(option->get_name()) + "\n" + troff(explanation(*option)) + "\n";
    }
    for (const OptionGroup& group : option_groups(verb)) {
      if (group.title == "Options of every verb") continue;
      text += ".SS " + troff(group.title) + "\n";
      options_of(group);
    }
    const std::vector<std::string> examples = examples_of(verb);
    if (!examples.empty()) text += ".SS Examples\n.nf\n" + troff(joined_by("\n", examples)) + "\n.fi\n";
  });
  text += ".SH OPTIONS OF EVERY VERB\n";
  for (const OptionGroup& group : option_groups(app)) options_of(group);
  return text + ".SH EXIT STATUS\n" + troff(app.get_footer()) + "\n";
}

}  // namespace

void add_completions(CLI::App& app, Common& /*common*/) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* verb = app.add_subcommand("completions", "Print the completion script of a shell");
  verb->add_option("SHELL", *shell, "bash, zsh or fish")->required()->check(one_of({"bash", "zsh", "fish"}));
  verb->callback([&app, shell] {
    std::cout << (*shell == "bash" ? bash(app) : *shell == "zsh" ? zsh(app) : fish(app));
  });
  CLI::App* page = app.add_subcommand("manual", "Print the man page, made of the help of all verbs");
  page->callback([&app] { std::cout << manual(app); });
}

}  // namespace kws::cli

#include "kws/search/study.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cmath>
#include <map>
#include <mutex>

#include "kws/core/files.h"

namespace kws {
namespace {

constexpr int kVersion = 2;
constexpr const char* kBadRow = "holds a row that cannot be read";

constexpr const char* kTables = R"(
CREATE TABLE IF NOT EXISTS config (id INTEGER PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS trials (number INTEGER PRIMARY KEY, proposal TEXT NOT NULL, checkpoint BLOB);
CREATE TABLE IF NOT EXISTS rungs (number INTEGER NOT NULL REFERENCES trials (number), epochs INTEGER NOT NULL,
                                  decided TEXT NOT NULL, result TEXT, failure TEXT, model BLOB,
                                  PRIMARY KEY (number, epochs));
CREATE TABLE IF NOT EXISTS standings (number INTEGER PRIMARY KEY REFERENCES trials (number), epochs INTEGER NOT NULL,
                                      state TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tests (number INTEGER PRIMARY KEY REFERENCES trials (number), result TEXT NOT NULL);
PRAGMA user_version = 2;
)";

/// Held as long as the process lives; the system lets go of it when the process is killed.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder)
      : file_(::open((folder / "study.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    if (file_ >= 0 && ::flock(file_, LOCK_EX | LOCK_NB) == 0) return;
    const bool used = file_ >= 0;
    if (used) ::close(file_);
    throw Error(folder.string() + ": " +
                    (used ? "another search is using this study; wait for its end or use another --study folder"
                          : "study.lock cannot be made; use a --study folder you may write"),
                used ? Exit::store : Exit::failed);
  }
  ~FolderLock() { ::close(file_); }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int file_;
};

Json result_to_json(const TrialResult& result) {
  return {{"float_validation", result.float_validation},
          {"int8_validation", result.int8_validation},
          {"final_loss", result.final_loss},
          {"best_epoch", result.best_epoch},
          {"epochs", result.epochs},
          {"seconds", result.seconds}};
}

TrialResult result_from_json(const Json& json) {
  TrialResult result;
  result.float_validation = json.at("float_validation").get<double>();
  result.int8_validation = json.at("int8_validation").get<double>();
  // JSON has no NaN: the loss of a training that diverged is written as null.
  result.final_loss = json.at("final_loss").is_null() ? std::nan("") : json.at("final_loss").get<double>();
  result.best_epoch = json.at("best_epoch").get<int>();
  result.epochs = json.at("epochs").get<int>();
  result.seconds = json.at("seconds").get<double>();
  return result;
}

std::string short_text(const Json* value) {
  if (value == nullptr) return "absent";
  const std::string text = value->dump();
  return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

/// Path and both values of the first difference.
std::string difference(const Json* there, const Json* here, const std::string& path) {
  if (there != nullptr && here != nullptr) {
    if (*there == *here) return "";
    if (there->is_object() && here->is_object()) {
      const auto child = [](const Json& object, const std::string& key) {
        return object.contains(key) ? &object.at(key) : nullptr;
      };
      for (const Json* side : {here, there}) {
        for (const auto& [key, value] : side->items()) {
          const std::string inner = path.empty() ? key : path + "." + key;
          std::string found = difference(child(*there, key), child(*here, key), inner);
          if (!found.empty()) return found;
        }
      }
      return "";  // only the order of the keys differs
    }
  }
  return path + ": " + short_text(there) + " there, " + short_text(here) + " here";
}

Error store_error(const std::filesystem::path& file, const std::string& fact) {
  return Error(file.string() + ": " + fact + "; mend the file or use another --study folder", Exit::store);
}

TrialState state_from_name(const std::string& name) {
  for (const TrialState state : {TrialState::stopped, TrialState::done, TrialState::failed}) {
    if (name == state_name(state)) return state;
  }
  return TrialState::waiting;
}

std::vector<Trial> read_rows(SQLite::Database& db, const std::string& origin) {
  std::map<int, Trial> trials;
  std::map<int, int> standing_epochs;
  SQLite::Statement proposals(db, "SELECT number, proposal FROM trials");
  while (proposals.executeStep()) {
    trials[proposals.getColumn(0).getInt()].proposal =
        proposal_from_json(Json::parse(proposals.getColumn(1).getString()), origin);
  }
  SQLite::Statement standings(db, "SELECT number, epochs, state, reason FROM standings");
  while (standings.executeStep()) {
    const int number = standings.getColumn(0).getInt();
    Trial& trial = trials.at(number);
    standing_epochs[number] = standings.getColumn(1).getInt();
    trial.state = state_from_name(standings.getColumn(2).getString());
    trial.reason = standings.getColumn(3).getString();
  }
  SQLite::Statement rungs(db, "SELECT number, epochs, decided, result, failure FROM rungs ORDER BY number, epochs");
  while (rungs.executeStep()) {
    const int number = rungs.getColumn(0).getInt();
    const int epochs = rungs.getColumn(1).getInt();
    // A shorter search of the same study may have trained on what a longer one does not.
    if (const auto end = standing_epochs.find(number); end != standing_epochs.end() && epochs > end->second) continue;
    Rung rung{.epochs = epochs, .decided = rungs.getColumn(2).getString(), .result = {}, .failure = {}};
    if (rungs.getColumn(3).isNull()) {
      rung.failure = rungs.getColumn(4).getString();
    } else {
      rung.result = result_from_json(Json::parse(rungs.getColumn(3).getString()));
    }
    trials.at(number).rungs.push_back(std::move(rung));
  }
  std::vector<Trial> list;
  list.reserve(trials.size());
  for (auto& [number, trial] : trials) list.push_back(std::move(trial));
  return list;
}

}  // namespace

std::string_view state_name(TrialState state) {
  switch (state) {
    case TrialState::waiting:
      return "waiting";
    case TrialState::stopped:
      return "stopped";
    case TrialState::done:
      return "done";
    case TrialState::failed:
      return "failed";
  }
  return "";
}

std::string config_difference(const Json& there, const Json& here) { return difference(&there, &here, ""); }

Json proposal_to_json(const Proposal& proposal) {
  return {{"number", proposal.number},
          {"budget", proposal.budget},
          {"design", design_to_json(proposal.design)},
          {"training", options_to_json(proposal.training)}};
}

Proposal proposal_from_json(const Json& json, const std::string& origin) {
  Proposal proposal;
  proposal.number = json.at("number").get<int>();
  proposal.budget = json.at("budget").get<std::string>();
  proposal.design = design_from_json(json.at("design"), origin);
  read_options(json.at("training"), proposal.training, origin, "training");
  return proposal;
}

struct Study::Store {
  explicit Store(const std::filesystem::path& folder)
      : lock(folder),
        file(folder / "study.db"),
        db(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, kBusyMs) {}

  /// Runs one statement or several as one transaction, with SQLite's complaints in our form.
  template <class Action>
  auto run(Action action) -> decltype(action()) {
    const std::scoped_lock guard(mutex);
    try {
      SQLite::Transaction transaction(db, SQLite::TransactionBehavior::IMMEDIATE);
      if constexpr (std::is_void_v<decltype(action())>) {
        action();
        transaction.commit();
      } else {
        auto value = action();
        transaction.commit();
        return value;
      }
    } catch (const SQLite::Exception& error) {
      throw store_error(file, error.what());
    } catch (const Json::exception&) {
      throw store_error(file, kBadRow);
    }
  }

  /// Reads what another process may be writing to, all as it was at one moment.
  template <class Action>
  static auto look(const std::filesystem::path& folder, Action action) {
    const std::filesystem::path file = folder / "study.db";
    if (!std::filesystem::is_regular_file(file)) {
      throw Error(folder.string() + ": holds no study.db; give the --study folder of a search", Exit::usage);
    }
    try {
      SQLite::Database db(file.string(), SQLite::OPEN_READONLY, kBusyMs);
      const SQLite::Transaction moment(db);
      return action(db);
    } catch (const SQLite::Exception& error) {
      throw store_error(file, error.what());
    } catch (const Json::exception&) {
      throw store_error(file, kBadRow);
    }
  }

  static constexpr int kBusyMs = 10000;  ///< a reader of the study may hold it for a moment
  FolderLock lock;
  std::filesystem::path file;
  SQLite::Database db;
  std::mutex mutex;
};

Study::Study(const std::filesystem::path& folder, const Json& config) : folder_(folder) {
  require_writable_folder(folder);
  try {
    store_ = std::make_unique<Store>(folder);
  } catch (const SQLite::Exception& error) {
    throw store_error(folder / "study.db", error.what());
  }
  store_->run([&] {
    SQLite::Database& db = store_->db;
    const int version = db.execAndGet("PRAGMA user_version").getInt();
    if (version > kVersion) {
      throw Error(store_->file.string() + ": made by a newer kwsmith; use that one or another --study folder",
                  Exit::store);
    }
    db.exec(kTables);
    SQLite::Statement query(db, "SELECT json FROM config");
    if (query.executeStep()) {
      const std::string found = config_difference(Json::parse(query.getColumn(0).getString()), config);
      if (found.empty()) return;
      throw Error(
          folder_.string() + ": config differs at " + found + "; use another --study folder or the same settings",
          Exit::usage);
    }
    SQLite::Statement insert(db, "INSERT INTO config VALUES (1, ?)");
    insert.bind(1, config.dump());
    insert.exec();
  });
}

Study::~Study() = default;

void Study::add(const Proposal& proposal) {
  store_->run([&] {
    SQLite::Statement insert(store_->db, "INSERT OR IGNORE INTO trials (number, proposal) VALUES (?, ?)");
    insert.bind(1, proposal.number);
    insert.bind(2, proposal_to_json(proposal).dump());
    insert.exec();
  });
}

void Study::finish(int number, int epochs, const std::string& decided, const TrialResult& result) {
  store_->run([&] {
    SQLite::Statement insert(store_->db,
                             "INSERT INTO rungs (number, epochs, decided, result, model) VALUES (?, ?, ?, ?, ?)");
    insert.bind(1, number);
    insert.bind(2, epochs);
    insert.bind(3, decided);
    insert.bind(4, result_to_json(result).dump());
    insert.bind(5, result.model.data(), static_cast<int>(result.model.size()));
    insert.exec();
    // The checkpoints before are of no use any more.
    SQLite::Statement update(store_->db, "UPDATE trials SET checkpoint = ? WHERE number = ?");
    update.bind(1, result.checkpoint.data(), static_cast<int>(result.checkpoint.size()));
    update.bind(2, number);
    update.exec();
  });
}

void Study::fail(int number, int epochs, const std::string& decided, const std::string& failure) {
  store_->run([&] {
    SQLite::Statement insert(store_->db, "INSERT INTO rungs (number, epochs, decided, failure) VALUES (?, ?, ?, ?)");
    insert.bind(1, number);
    insert.bind(2, epochs);
    insert.bind(3, decided);
    insert.bind(4, failure);
    insert.exec();
  });
}

void Study::decide(int number, int epochs, const std::string& decided) {
  store_->run([&] {
    SQLite::Statement update(store_->db, "UPDATE rungs SET decided = ? WHERE number = ? AND epochs = ?");
    update.bind(1, decided);
    update.bind(2, number);
    update.bind(3, epochs);
    update.exec();
  });
}

void Study::stand(const std::vector<Standing>& standings) {
  store_->run([&] {
    store_->db.exec("DELETE FROM standings");
    SQLite::Statement insert(store_->db, "INSERT INTO standings VALUES (?, ?, ?, ?)");
    for (const Standing& standing : standings) {
      insert.bind(1, standing.number);
      insert.bind(2, standing.epochs);
      insert.bind(3, std::string(state_name(standing.state)));
      insert.bind(4, standing.reason);
      insert.exec();
      insert.reset();
    }
  });
}

std::string Study::checkpoint(int number) const {
  return store_->run([&] {
    SQLite::Statement query(store_->db, "SELECT checkpoint FROM trials WHERE number = ?");
    query.bind(1, number);
    return query.executeStep() ? query.getColumn(0).getString() : std::string();
  });
}

std::vector<Trial> Study::trials() const {
  return store_->run([&] { return read_rows(store_->db, store_->file.string()); });
}

std::vector<Trial> Study::read_trials(const std::filesystem::path& folder) {
  return Store::look(folder, [&](SQLite::Database& db) { return read_rows(db, folder / "study.db"); });
}

Json Study::read_config(const std::filesystem::path& folder) {
  return Store::look(folder, [&](SQLite::Database& db) {
    SQLite::Statement query(db, "SELECT json FROM config");
    if (!query.executeStep()) throw store_error(folder / "study.db", "holds no config");
    return Json::parse(query.getColumn(0).getString());
  });
}

std::string Study::model(int number, int epochs) const {
  return store_->run([&] {
    SQLite::Statement query(store_->db, "SELECT model FROM rungs WHERE number = ? AND epochs = ?");
    query.bind(1, number);
    query.bind(2, epochs);
    return query.executeStep() ? query.getColumn(0).getString() : std::string();
  });
}

void Study::set_test(int number, const TestResult& test) {
  store_->run([&] {
    SQLite::Statement insert(store_->db, "INSERT OR REPLACE INTO tests VALUES (?, ?)");
    insert.bind(1, number);
    insert.bind(
        2, Json{{"float_accuracy", test.float_accuracy}, {"int8_accuracy", test.int8_accuracy}, {"clips", test.clips}}
               .dump());
    insert.exec();
  });
}

std::optional<TestResult> Study::test(int number) const {
  return store_->run([&]() -> std::optional<TestResult> {
    SQLite::Statement query(store_->db, "SELECT result FROM tests WHERE number = ?");
    query.bind(1, number);
    if (!query.executeStep()) return std::nullopt;
    const Json json = Json::parse(query.getColumn(0).getString());
    return TestResult{.float_accuracy = json.at("float_accuracy").get<double>(),
                      .int8_accuracy = json.at("int8_accuracy").get<double>(),
                      .clips = json.at("clips").get<int>()};
  });
}

}  // namespace kws

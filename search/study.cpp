#include "kws/search/study.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <mutex>
#include <new>

#include "database.h"
#include "kws/core/files.h"
#include "kws/core/table.h"
#include "kws/search/finalists.h"

namespace kws {
namespace {

constexpr std::int64_t kVersion = 4;
constexpr int kMostEpochs = 1000000;
constexpr double kLargestFigure = 1e12;

constexpr std::array kTables = {
    "CREATE TABLE IF NOT EXISTS config (id INTEGER PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS trials (number INTEGER PRIMARY KEY, proposal TEXT NOT NULL, checkpoint BYTEA)",
    "CREATE TABLE IF NOT EXISTS rungs (number INTEGER NOT NULL REFERENCES trials (number), epochs INTEGER NOT NULL, "
    "decided TEXT NOT NULL, result TEXT, failure TEXT, model BYTEA, PRIMARY KEY (number, epochs))",
    "CREATE TABLE IF NOT EXISTS standings (number INTEGER PRIMARY KEY REFERENCES trials (number), "
    "epochs INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS tests (number INTEGER PRIMARY KEY REFERENCES trials (number), result TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS jobs (trial INTEGER NOT NULL REFERENCES trials (number), epochs INTEGER NOT NULL, "
    "from_epochs INTEGER NOT NULL, turn INTEGER NOT NULL, decided TEXT NOT NULL, holder TEXT, "
    "fence INTEGER NOT NULL, expires DOUBLE PRECISION NOT NULL, PRIMARY KEY (trial, epochs))",
    "CREATE TABLE IF NOT EXISTS losses (trial INTEGER NOT NULL, epochs INTEGER NOT NULL, lost INTEGER NOT NULL, "
    "PRIMARY KEY (trial, epochs))",
    "CREATE TABLE IF NOT EXISTS restarts (trial INTEGER NOT NULL, epochs INTEGER NOT NULL, lost INTEGER NOT NULL, "
    "PRIMARY KEY (trial, epochs))",
    "CREATE TABLE IF NOT EXISTS progress (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, "
    "finished INTEGER NOT NULL)"};

Json result_to_json(const TrialResult& result) {
  return {{"float_validation", result.float_validation},
          {"int8_validation", result.int8_validation},
          {"int8_validation_error", result.int8_validation_error},
          {"int8_cross_entropy", result.int8_cross_entropy},
          {"final_loss", result.final_loss},
          {"best_epoch", result.best_epoch},
          {"epochs", result.epochs},
          {"seconds", result.seconds}};
}

/// Where a row of the store stands in errors; other processes write it, so nothing of it is believed.
Origin row_of(const std::string& store, const std::string& row) {
  return {store + ": " + row, "mend it or use another --study", Exit::store};
}

TrialResult result_from_json(const Json& json, const Origin& origin) {
  TrialResult result;
  JsonReader reader(json, origin, "", Missing::error);
  reader("float_validation", result.float_validation, 0.0, 1.0, "share");
  reader("int8_validation", result.int8_validation, 0.0, 1.0, "share");
  reader("int8_validation_error", result.int8_validation_error, 0.0, 1.0, "share");
  reader("int8_cross_entropy", result.int8_cross_entropy, 0.0, kLargestFigure, "nats");
  reader.number_or_nan("final_loss", result.final_loss, -kLargestFigure, kLargestFigure);
  reader("best_epoch", result.best_epoch, 0, kMostEpochs, "epoch");
  reader("epochs", result.epochs, 0, kMostEpochs, "trained");
  reader("seconds", result.seconds, 0.0, kLargestFigure, "wall time");
  reader.finish();
  return result;
}

Json test_to_json(const TestResult& test) {
  Json json = {{"float_accuracy", test.float_accuracy},
               {"int8_accuracy", test.int8_accuracy},
               {"int8_error", test.int8_error},
               {"clips", test.clips}};
  if (test.labels.empty()) return json;
  Json thresholds = Json::array();
  for (const ClipThreshold& one : test.thresholds) {
    thresholds.push_back({one.threshold, one.misses, one.false_accepts});
  }
  json["labels"] = test.labels;
  json["float_confusion"] = test.float_confusion;
  json["int8_confusion"] = test.int8_confusion;
  json["thresholds"] = std::move(thresholds);
  return json;
}

/// [spoken][heard], as many rows as there are labels.
Confusion confusion_from(JsonReader& reader, const char* name, std::size_t labels) {
  Confusion confusion;
  reader.rows(name, confusion, labels, labels, 0, std::numeric_limits<int>::max());
  if (confusion.size() != labels) reader.fail(name, "has not a row for each label");
  return confusion;
}

void read_details(JsonReader& reader, TestResult& test) {
  constexpr std::size_t kMostLabels = 1024, kMostThresholds = 1000;
  reader.texts("labels", test.labels, 2, kMostLabels);
  test.float_confusion = confusion_from(reader, "float_confusion", test.labels.size());
  test.int8_confusion = confusion_from(reader, "int8_confusion", test.labels.size());
  std::vector<std::vector<double>> thresholds;
  reader.rows("thresholds", thresholds, kMostThresholds, 3, 0.0, 1.0);
  for (const std::vector<double>& one : thresholds) {
    test.thresholds.push_back({.threshold = one[0], .misses = one[1], .false_accepts = one[2]});
  }
}

TestResult test_from_json(const Json& json, const Origin& origin) {
  TestResult test;
  JsonReader reader(json, origin, "", Missing::error);
  reader("float_accuracy", test.float_accuracy, 0.0, 1.0, "share");
  reader("int8_accuracy", test.int8_accuracy, 0.0, 1.0, "share");
  reader("int8_error", test.int8_error, 0.0, 1.0, "share");
  reader("clips", test.clips, 0, std::numeric_limits<int>::max(), "read");
  if (json.contains("labels")) read_details(reader, test);
  reader.finish();
  return test;
}

TrialState state_from_name(const std::string& name) {
  for (const TrialState state : {TrialState::stopped, TrialState::done, TrialState::failed}) {
    if (name == state_name(state)) return state;
  }
  return TrialState::waiting;
}

int number_of(const std::optional<std::string>& cell) { return std::stoi(cell.value()); }

Rung rung_of(const SqlRow& row, const std::string& store) {
  Rung rung{.epochs = number_of(row[0]), .decided = row[1].value(), .result = {}, .failure = row[3].value_or("")};
  if (!row[2]) return rung;
  const Origin origin = row_of(store, "a result");
  rung.result = result_from_json(parse_json(*row[2], origin), origin);
  return rung;
}

Proposal stored_proposal(int number, const std::string& text, const std::string& store) {
  const Origin origin = row_of(store, "proposal " + std::to_string(number));
  Proposal proposal;
  try {
    proposal = proposal_from_json(parse_json(text, origin), origin.name);
  } catch (const Error& error) {
    throw Error(error.what(), Exit::store);
  }
  if (proposal.number != number) throw Error(origin.name + ": says that it is another; " + origin.remedy, Exit::store);
  return proposal;
}

/// A step has ended what trained it. Some end every process that takes them, by the memory they need, for instance:
/// such a one fails instead of taking down worker after worker.
///   table    of counts, a row for each step;  what  "lost its worker"
///   returns  whether it has failed now
bool lost_too_often(Database& db, const std::string& table, const std::string& what, const Lease& lease, int most) {
  const std::vector<SqlValue> step = {std::int64_t{lease.trial}, std::int64_t{lease.to}};
  const std::vector<SqlRow> rows =
      db.run("INSERT INTO " + table + " VALUES ($1, $2, 1) ON CONFLICT (trial, epochs) DO UPDATE SET lost = " + table +
                 ".lost + 1 RETURNING lost",
             step);
  if (number_of(rows.at(0)[0]) < most) return false;
  db.run("DELETE FROM jobs WHERE trial = $1 AND epochs = $2", step);
  db.run("INSERT INTO rungs (number, epochs, decided, failure) VALUES ($1, $2, $3, $4)",
         {std::int64_t{lease.trial}, std::int64_t{lease.to}, lease.decided,
          what + " " + std::to_string(most) + " times; it may need more memory than there is"});
  return true;
}

/// How a job names its holder: with the length of the lease in seconds before it.
std::string holder_cell(const std::string& holder, double seconds) { return fixed(seconds, 3) + " " + holder; }
std::string holder_in(const std::string& cell) { return cell.substr(cell.find(' ') + 1); }
/// Where clocks differ: leases that end so late that their clock must have been ahead; as SQL of SQLite.
std::string leases_ahead(const Database& db) {
  return db.one_clock() ? ""
                        : std::string("holder IS NOT NULL AND expires > ") + db.now() + " + 2 * CAST(holder AS REAL)";
}
/// A worker whose clock was ahead and that has died keeps its step no longer than others would.
void cut_leases_ahead(Database& db) {
  const std::string ahead = leases_ahead(db);
  if (ahead.empty()) return;
  db.run(std::string("UPDATE jobs SET expires = ") + db.now() + " + CAST(holder AS REAL) WHERE " + ahead, {});
}

/// Refuses the store of a kwsmith that keeps it in another form.
void require_version(Database& db) {
  const std::vector<SqlRow> rows = db.run("SELECT version FROM progress", {});
  if (rows.empty()) throw Error(db.name() + ": its row of progress is gone; use another --study", Exit::store);
  const std::int64_t version = std::stoll(rows[0][0].value());
  if (version == kVersion) return;
  throw Error(db.name() + ": made by " + (version > kVersion ? "a newer" : "an older") + " kwsmith (format " +
                  std::to_string(version) + ", this one reads " + std::to_string(kVersion) +
                  "); use that one or another --study",
              Exit::store);
}
constexpr const char* kRungCells = "epochs, decided, result, failure";

std::vector<Trial> read_rows(Database& db) {
  // Trials last, so that each has come before what is known of it.
  const std::vector<SqlRow> rungs =
      db.run(std::string("SELECT ") + kRungCells + ", number FROM rungs ORDER BY number, epochs", {});
  std::map<int, Trial> trials;
  for (const SqlRow& row : db.run("SELECT number, proposal FROM trials", {})) {
    const int number = number_of(row[0]);
    trials[number].proposal = stored_proposal(number, row[1].value(), db.name());
  }
  std::vector<Standing> standings;
  for (const SqlRow& row : db.run("SELECT number, epochs, state, reason FROM standings", {})) {
    standings.push_back({.number = number_of(row[0]),
                         .epochs = number_of(row[1]),
                         .state = state_from_name(row[2].value()),
                         .reason = row[3].value()});
  }
  for (const SqlRow& row : rungs) trials.at(number_of(row[4])).rungs.push_back(rung_of(row, db.name()));
  std::vector<Trial> list;
  list.reserve(trials.size());
  for (auto& [number, trial] : trials) list.push_back(std::move(trial));
  apply_standings(standings, list);
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

void apply_standings(const std::vector<Standing>& standings, std::vector<Trial>& trials) {
  if (standings.empty()) return;
  std::map<int, const Standing*> by_number;
  for (const Standing& standing : standings) by_number[standing.number] = &standing;
  // Finalists of an earlier, shorter search of which others have taken the place.
  std::erase_if(trials, [&](const Trial& trial) {
    return is_finalist(trial.proposal.number) && !by_number.contains(trial.proposal.number);
  });
  for (Trial& trial : trials) {
    const auto found = by_number.find(trial.proposal.number);
    if (found == by_number.end()) continue;
    trial.state = found->second->state;
    trial.reason = found->second->reason;
    std::erase_if(trial.rungs, [&](const Rung& rung) { return rung.epochs > found->second->epochs; });
  }
}

bool is_postgres_url(const std::string& place) {
  return place.starts_with("postgresql://") || place.starts_with("postgres://");
}

Json proposal_to_json(const Proposal& proposal) {
  return {{"number", proposal.number},
          {"budget", proposal.budget},
          {"design", design_to_json(proposal.design)},
          {"training", options_to_json(proposal.training)}};
}

Proposal proposal_from_json(const Json& json, const std::string& origin) {
  Proposal proposal;
  JsonReader reader(json, origin, "", Missing::error);
  reader("number", proposal.number, 0, std::numeric_limits<int>::max(), "of the trial");
  reader("budget", proposal.budget, "it was drawn for");
  proposal.design = design_from_json(reader.value("design"), origin);
  read_options(reader.value("training"), proposal.training, origin, "training");
  reader.finish();
  return proposal;
}

struct Study::Store {
  explicit Store(std::unique_ptr<Database> opened) : db(std::move(opened)) {}

  /// One transaction, with what is wrong in a row said in our form.
  template <class Action>
  auto run(bool writes, Action action) -> decltype(action()) {
    const std::scoped_lock guard(mutex);
    try {
      if constexpr (std::is_void_v<decltype(action())>) {
        db->transaction(writes, action);
      } else {
        std::optional<decltype(action())> value;
        db->transaction(writes, [&] { value.emplace(action()); });
        return *std::move(value);
      }
    } catch (const Error&) {
      throw;
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception&) {  // of JSON, of a number, of a cell that should not be empty
      throw Error(db->name() + ": holds a row that cannot be read; mend it or use another --study", Exit::store);
    }
  }
  /// One statement.
  std::vector<SqlRow> one(bool writes, const std::string& sql, const std::vector<SqlValue>& values = {}) {
    return run(writes, [&] { return db->run(sql, values); });
  }

  std::unique_ptr<Database> db;
  std::mutex mutex;
};

Study::Study(const std::filesystem::path& folder, const Json& config, const std::string& url) : folder_(folder) {
  require_writable_folder(folder);
  store_ = std::make_unique<Store>(url.empty() ? open_sqlite(folder, Access::create) : open_postgres(url));
  Database& db = *store_->db;
  db.lock_search();
  store_->run(true, [&] {
    for (const char* table : kTables) db.run(table, {});
    db.run("INSERT INTO progress VALUES (1, $1, 0) ON CONFLICT DO NOTHING", {kVersion});
    require_version(db);
    const std::vector<SqlRow> known = db.run("SELECT json FROM config", {});
    if (!known.empty()) {
      const std::string found = config_difference(parse_json(known[0][0].value(), row_of(db.name(), "config")), config);
      if (found.empty()) return;
      throw Error((url.empty() ? folder_.string() : db.name()) + ": config differs at " + found +
                      "; use another --study or the same settings",
                  Exit::usage);
    }
    if (!db.run("SELECT 1 FROM trials LIMIT 1", {}).empty()) {
      throw Error(db.name() + ": has trials but no config; bring it back from a copy or use another --study",
                  Exit::store);
    }
    db.run("INSERT INTO config VALUES (1, $1)", {text_of(config)});
  });
}

Study::Study(std::filesystem::path folder, std::unique_ptr<Store> store)
    : folder_(std::move(folder)), store_(std::move(store)) {}
Study::Study(Study&&) noexcept = default;
Study::~Study() = default;

Study Study::join(const std::string& place, bool to_work) {
  const bool server = is_postgres_url(place);
  auto store = std::make_unique<Store>(server ? open_postgres(place)
                                              : open_sqlite(place, to_work ? Access::write : Access::read));
  if (server && !store->one(false, "SELECT to_regclass('progress')")[0][0]) {
    throw Error(store->db->name() + ": holds no study; start kwsmith search with this URL first", Exit::usage);
  }
  store->run(false, [&] { require_version(*store->db); });
  return {server ? "" : place, std::move(store)};
}

std::string Study::name() const { return folder_.empty() ? store_->db->name() : folder_.string(); }

Json Study::config() const {
  return store_->run(false, [&] {
    const std::vector<SqlRow> rows = store_->db->run("SELECT json FROM config", {});
    const Origin origin = row_of(store_->db->name(), "config");
    if (rows.empty()) throw Error(origin.name + ": is gone; " + origin.remedy, Exit::store);
    return parse_json(rows[0][0].value(), origin);
  });
}

void Study::add(const Proposal& proposal) {
  store_->one(true, "INSERT INTO trials (number, proposal) VALUES ($1, $2) ON CONFLICT DO NOTHING",
              {std::int64_t{proposal.number}, text_of(proposal_to_json(proposal))});
}

void Study::offer(int turn, const Lease& step) {
  store_->one(
      true,
      "INSERT INTO jobs SELECT CAST($1 AS INTEGER), CAST($2 AS INTEGER), CAST($3 AS INTEGER), CAST($4 AS INTEGER), $5, "
      "NULL, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM rungs WHERE "
      "number = $1 AND epochs = $2) ON CONFLICT DO NOTHING",
      {std::int64_t{step.trial}, std::int64_t{step.to}, std::int64_t{step.from}, std::int64_t{turn}, step.decided});
}

void Study::withdraw(const std::function<bool(const std::string& holder)>& gone) {
  store_->run(true, [&] {
    Database& db = *store_->db;
    const std::string expired = std::string("CASE WHEN expires < ") + db.now() + " THEN 1 ELSE 0 END";
    for (const SqlRow& row : db.run("SELECT trial, epochs, decided, holder, " + expired + " FROM jobs", {})) {
      if (row[4] != "1" && !gone(holder_in(row[3].value_or("")))) continue;
      const Lease step{.trial = number_of(row[0]), .to = number_of(row[1]), .decided = row[2].value()};
      if (row[3] && lost_too_often(db, "restarts", "ended the search", step, most_restarts)) continue;
      db.run("DELETE FROM jobs WHERE trial = $1 AND epochs = $2", {std::int64_t{step.trial}, std::int64_t{step.to}});
    }
  });
}

void Study::set_finished(bool finished) {
  store_->one(true, "UPDATE progress SET finished = $1", {std::int64_t{finished ? 1 : 0}});
}

bool Study::finished() const { return store_->one(false, "SELECT finished FROM progress").at(0)[0] == "1"; }

bool Study::searched() const {
  return store_->run(false, [&] { return store_->db->search_runs(); });
}

int Study::workers(const std::function<bool(const std::string& holder)>& gone) const {
  return store_->run(false, [&] {
    Database& db = *store_->db;
    const std::vector<SqlRow> held = db.run(std::string("SELECT holder FROM jobs WHERE expires > ") + db.now(), {});
    return static_cast<int>(
        std::ranges::count_if(held, [&](const SqlRow& row) { return !gone(holder_in(row[0].value_or(""))); }));
  });
}

std::optional<Lease> Study::claim(const std::string& holder, double seconds) {
  const std::string free = std::string("expires < ") + store_->db->now();
  // Most questions find nothing; they must not keep a writer waiting.
  const std::string ahead = leases_ahead(*store_->db);
  const std::string either = ahead.empty() ? free : free + " OR (" + ahead + ")";
  if (store_->one(false, "SELECT 1 FROM jobs WHERE " + either + " LIMIT 1").empty()) return std::nullopt;
  return store_->run(true, [&]() -> std::optional<Lease> {
    Database& db = *store_->db;
    cut_leases_ahead(db);
    const std::vector<SqlRow> rows =
        db.run("SELECT trial, from_epochs, epochs, decided, fence, holder FROM jobs WHERE " + free +
                   " ORDER BY turn LIMIT 1" + db.skip_locked(),
               {});
    if (rows.empty()) return std::nullopt;
    const SqlRow& row = rows[0];
    const Lease lease{.trial = number_of(row[0]),
                      .from = number_of(row[1]),
                      .to = number_of(row[2]),
                      .decided = row[3].value(),
                      .fence = std::stoll(row[4].value()) + 1};
    if (lease.from < 0 || lease.from >= lease.to || lease.to > kMostEpochs) {
      throw Error(db.name() + ": a step of trial " + std::to_string(lease.trial) +
                      " has no epochs; mend it or use another --study",
                  Exit::store);
    }
    if (row[5] && lost_too_often(db, "losses", "lost its worker", lease, most_losses)) return std::nullopt;
    db.run("UPDATE jobs SET holder = $3, fence = $4, expires = " + std::string(db.now()) +
               " + $5 WHERE trial = $1 AND epochs = $2",
           {std::int64_t{lease.trial}, std::int64_t{lease.to}, holder_cell(holder, seconds), lease.fence, seconds});
    return lease;
  });
}

bool Study::renew(const Lease& lease, double seconds) {
  return !store_
              ->one(true,
                    std::string("UPDATE jobs SET expires = ") + store_->db->now() +
                        " + $4 WHERE trial = $1 AND epochs = $2 AND fence = $3 RETURNING trial",
                    {std::int64_t{lease.trial}, std::int64_t{lease.to}, lease.fence, seconds})
              .empty();
}

bool Study::end(const Lease& lease, const std::function<void()>& record) {
  return store_->run(true, [&] {
    // Who holds the row writes the result; a holder whose lease ran out finds another fence or no row.
    const bool held = !store_->db
                           ->run("DELETE FROM jobs WHERE trial = $1 AND epochs = $2 AND fence = $3 RETURNING trial",
                                 {std::int64_t{lease.trial}, std::int64_t{lease.to}, lease.fence})
                           .empty();
    if (held) record();
    return held;
  });
}

bool Study::finish(const Lease& lease, const TrialResult& result) {
  return end(lease, [&] {
    Database& db = *store_->db;
    db.run("INSERT INTO rungs (number, epochs, decided, result, model) VALUES ($1, $2, $3, $4, $5)",
           {std::int64_t{lease.trial}, std::int64_t{lease.to}, lease.decided, text_of(result_to_json(result)),
            Bytes{result.model}});
    // The checkpoints and models before are of no use any more.
    db.run("UPDATE rungs SET model = NULL WHERE number = $1 AND epochs < $2",
           {std::int64_t{lease.trial}, std::int64_t{lease.to}});
    db.run("UPDATE trials SET checkpoint = $2 WHERE number = $1",
           {std::int64_t{lease.trial}, Bytes{result.checkpoint}});
  });
}

bool Study::fail(const Lease& lease, const std::string& failure) {
  return end(lease, [&] {
    store_->db->run("INSERT INTO rungs (number, epochs, decided, failure) VALUES ($1, $2, $3, $4)",
                    {std::int64_t{lease.trial}, std::int64_t{lease.to}, lease.decided, failure});
  });
}

bool Study::keep(const Lease& lease, const std::string& checkpoint) {
  return store_->run(true, [&] {
    Database& db = *store_->db;
    const std::vector<SqlValue> step = {std::int64_t{lease.trial}, std::int64_t{lease.to}};
    const bool held = !db.run(
                             "UPDATE trials SET checkpoint = $4 WHERE number = $1 AND EXISTS (SELECT 1 FROM jobs WHERE "
                             "trial = $1 AND epochs = $2 AND fence = $3) RETURNING number",
                             {step[0], step[1], lease.fence, Bytes{checkpoint}})
                           .empty();
    if (!held) return false;
    for (const char* table : {"losses", "restarts"}) {  // it comes on
      db.run(std::string("DELETE FROM ") + table + " WHERE trial = $1 AND epochs = $2", step);
    }
    return true;
  });
}

bool Study::release(const Lease& lease, const std::string& checkpoint) {
  return store_->run(true, [&] {
    Database& db = *store_->db;
    const bool held = !db.run(
                             "UPDATE jobs SET holder = NULL, expires = 0 WHERE trial = $1 AND epochs = $2 AND "
                             "fence = $3 RETURNING trial",
                             {std::int64_t{lease.trial}, std::int64_t{lease.to}, lease.fence})
                           .empty();
    if (held && !checkpoint.empty()) {
      db.run("UPDATE trials SET checkpoint = $2 WHERE number = $1", {std::int64_t{lease.trial}, Bytes{checkpoint}});
    }
    return held;
  });
}

void Study::decide(int number, int epochs, const std::string& decided) {
  store_->one(true, "UPDATE rungs SET decided = $3 WHERE number = $1 AND epochs = $2",
              {std::int64_t{number}, std::int64_t{epochs}, decided});
}

void Study::stand(const std::vector<Standing>& standings) {
  store_->run(true, [&] {
    store_->db->run("DELETE FROM standings", {});
    for (const Standing& standing : standings) {
      store_->db->run("INSERT INTO standings VALUES ($1, $2, $3, $4)",
                      {std::int64_t{standing.number}, std::int64_t{standing.epochs},
                       std::string(state_name(standing.state)), standing.reason});
    }
  });
}

std::vector<Trial> Study::trials() const {
  return store_->run(false, [&] { return read_rows(*store_->db); });
}

Proposal Study::proposal(int number) const {
  return store_->run(false, [&] {
    const auto rows = store_->db->run("SELECT proposal FROM trials WHERE number = $1", {std::int64_t{number}});
    return stored_proposal(number, rows.at(0)[0].value(), store_->db->name());
  });
}

std::optional<Rung> Study::rung(int number, int epochs) const {
  return store_->run(false, [&]() -> std::optional<Rung> {
    const auto rows =
        store_->db->run(std::string("SELECT ") + kRungCells + " FROM rungs WHERE number = $1 AND epochs = $2",
                        {std::int64_t{number}, std::int64_t{epochs}});
    return rows.empty() ? std::nullopt : std::optional(rung_of(rows[0], store_->db->name()));
  });
}

std::string Study::model(int number, int epochs) const {
  const auto rows = store_->one(false, "SELECT model FROM rungs WHERE number = $1 AND epochs = $2",
                                {std::int64_t{number}, std::int64_t{epochs}});
  return rows.empty() ? "" : rows[0][0].value_or("");
}

std::string Study::checkpoint(int number) const {
  const auto rows = store_->one(false, "SELECT checkpoint FROM trials WHERE number = $1", {std::int64_t{number}});
  return rows.empty() ? "" : rows[0][0].value_or("");
}

void Study::shrink(const std::vector<int>& models) {
  const std::scoped_lock guard(store_->mutex);
  Database& db = *store_->db;
  db.transaction(true, [&] {
    db.run("UPDATE trials SET checkpoint = NULL", {});
    for (const SqlRow& row : db.run("SELECT DISTINCT number FROM rungs WHERE model IS NOT NULL", {})) {
      const int number = number_of(row[0]);
      if (std::ranges::find(models, number) != models.end()) continue;
      db.run("UPDATE rungs SET model = NULL WHERE number = $1", {std::int64_t{number}});
    }
  });
  db.compact();
}

void Study::set_test(int number, const TestResult& test) {
  store_->one(true, "INSERT INTO tests VALUES ($1, $2) ON CONFLICT (number) DO UPDATE SET result = excluded.result",
              {std::int64_t{number}, text_of(test_to_json(test))});
}

std::map<int, TestResult> Study::tests() const {
  return store_->run(false, [&] {
    std::map<int, TestResult> tests;
    for (const SqlRow& row : store_->db->run("SELECT number, result FROM tests", {})) {
      const Origin origin = row_of(store_->db->name(), "test of trial " + row[0].value());
      tests[number_of(row[0])] = test_from_json(parse_json(row[1].value(), origin), origin);
    }
    return tests;
  });
}

std::optional<TestResult> Study::test(int number) const {
  const std::map<int, TestResult> known = tests();
  const auto found = known.find(number);
  return found == known.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace kws

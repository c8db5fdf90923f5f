#include "kws/search/study.h"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>

#include "kws/core/files.h"
#include "kws/search/finalists.h"
#include "study_store.h"

namespace kws {
namespace {

constexpr std::int64_t kVersion = 4;
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
    "CREATE TABLE IF NOT EXISTS fences (id INTEGER PRIMARY KEY CHECK (id = 1), last INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS spent (trial INTEGER NOT NULL, epochs INTEGER NOT NULL, "
    "seconds DOUBLE PRECISION NOT NULL, PRIMARY KEY (trial, epochs))",
    "CREATE TABLE IF NOT EXISTS told (id INTEGER PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL, "
    "at DOUBLE PRECISION NOT NULL)",
    "CREATE TABLE IF NOT EXISTS plan (id INTEGER PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS progress (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, "
    "finished INTEGER NOT NULL)"};

void make_tables(Database& db) {
  for (const char* table : kTables) db.run(table, {});
}

void write_plan(Database& db, const Json& plan) {
  db.run("INSERT INTO plan VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET json = excluded.json", {text_of(plan)});
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

/// What of a training a raised top rung and other finalists leave as it was, in today's words.
///   stored  as proposal_to_json() writes it, perhaps of an earlier version
Json way_of_training(const Json& stored, const Origin& origin) {
  TrainOptions training;
  read_options(stored, training, origin, "training");
  Json json = options_to_json(training);
  for (const char* name : {"epochs", "restarts", "tuning_epochs", "seed", "data_seed"}) json.erase(name);
  return json;
}

}  // namespace

bool is_postgres_url(const std::string& place) {
  return place.starts_with("postgresql://") || place.starts_with("postgres://");
}

Study::Study(const std::filesystem::path& folder, const Json& config, const std::string& url, const Json& plan)
    : folder_(folder) {
  require_writable_folder(folder);
  store_ = std::make_unique<Store>(url.empty() ? open_sqlite(folder, Access::create) : open_postgres(url));
  Database& db = *store_->db;
  db.lock_search();
  store_->run(Store::Work::changes, [&] {
    make_tables(db);
    const std::vector<SqlRow> known = db.run("SELECT json FROM config", {});
    if (known.empty()) db.run("INSERT INTO progress VALUES (1, $1, 0) ON CONFLICT DO NOTHING", {kVersion});
    require_version(db);
    if (!known.empty()) {
      const std::string name = url.empty() ? folder_.string() : db.name();
      const Json there = parse_json(known[0][0].value(), row_of(db.name(), "config"));
      const Json goes_on = raised_config(there, config, name);
      if (goes_on != there) raised_ = goes_on;
      return;
    }
    if (!db.run("SELECT 1 FROM trials LIMIT 1", {}).empty()) {
      throw Error(db.name() + ": has trials but no config; bring it back from a copy or use another --study",
                  Exit::store);
    }
    db.run("INSERT INTO config VALUES (1, $1)", {text_of(config)});
    if (!plan.is_null()) write_plan(db, plan);
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
  // A search makes the file before its tables: who looks in between waits, as for one that has not begun.
  if (!store->run(Store::Work::questions, [&] { return store->db->has_table("progress"); })) {
    throw Error(store->db->name() + ": holds no study yet; start kwsmith search with this --study first", Exit::usage);
  }
  store->run(Store::Work::questions, [&] { require_version(*store->db); });
  // A search of an earlier kwsmith may lack what its workers have come to need since.
  if (to_work && !store->run(Store::Work::questions, [&] { return store->db->has_table("spent"); })) {
    store->run(Store::Work::changes, [&] { make_tables(*store->db); });
  }
  return {server ? "" : place, std::move(store)};
}

std::optional<Json> Study::plan_of(const std::string& place) {
  const bool server = is_postgres_url(place);
  if (!server && !holds_sqlite(place)) return std::nullopt;
  Store store(server ? open_postgres(place) : open_sqlite(place, Access::read));
  return store.run(Study::Store::Work::questions, [&]() -> std::optional<Json> {
    if (!store.db->has_table("progress")) return std::nullopt;
    require_version(*store.db);
    if (!store.db->has_table("plan")) return Json();
    const std::vector<SqlRow> rows = store.db->run("SELECT json FROM plan", {});
    if (rows.empty()) return Json();
    return parse_json(rows[0][0].value(), row_of(store.db->name(), "plan"));
  });
}

void Study::set_plan(const Json& plan) {
  store_->run(Store::Work::changes, [&] { write_plan(*store_->db, plan); });
}

std::string Study::name() const { return folder_.empty() ? store_->db->name() : folder_.string(); }

void Study::raise() {
  if (raised_) store_->change("UPDATE config SET json = $1", {text_of(*raised_)});
  raised_.reset();
}

Json Study::config() const {
  if (raised_) return *raised_;
  return store_->run(Store::Work::questions, [&] {
    const std::vector<SqlRow> rows = store_->db->run("SELECT json FROM config", {});
    const Origin origin = row_of(store_->db->name(), "config");
    if (rows.empty()) throw Error(origin.name + ": is gone; " + origin.remedy, Exit::store);
    return parse_json(rows[0][0].value(), origin);
  });
}

bool Study::add(const Proposal& proposal) {
  const std::int64_t number = proposal.number;
  const Json json = proposal_to_json(proposal);
  return store_->run(Store::Work::changes, [&] {
    Database& db = *store_->db;
    const std::vector<SqlRow> known = db.run("SELECT proposal FROM trials WHERE number = $1", {number});
    // Of a trial the training goes on where the top rung has been raised; a finalist's is another one, from the start.
    bool another = false, anew = false;
    if (!known.empty()) {
      const Origin origin = row_of(db.name(), "trial " + std::to_string(number));
      const Json before = parse_json(known[0][0].value(), origin);
      another = before.value("design", Json()) != json["design"] || before.value("budget", Json()) != json["budget"] ||
                way_of_training(before.value("training", Json::object()), origin) !=
                    way_of_training(json["training"], origin);
      anew = another || (is_finalist(proposal.number) && before != json);
    }
    if (anew) {
      // Jobs before all else, as end() does: a worker that delivers what the trial was is waited for, or comes too late.
      for (const char* table : {"jobs", "losses", "restarts", "spent"}) {
        db.run(std::string("DELETE FROM ") + table + " WHERE trial = $1", {number});
      }
    }
    if (another) {
      db.run("DELETE FROM rungs WHERE number = $1", {number});
      db.run("DELETE FROM tests WHERE number = $1", {number});
    }
    db.run(
        "INSERT INTO trials (number, proposal) VALUES ($1, $2) ON CONFLICT (number) DO UPDATE SET proposal = "
        "excluded.proposal, checkpoint = CASE WHEN $3 = 0 THEN trials.checkpoint END WHERE trials.proposal <> "
        "excluded.proposal",
        {number, text_of(json), std::int64_t{anew ? 1 : 0}});
    return another;
  });
}

void Study::set_finished(bool finished) {
  store_->change("UPDATE progress SET finished = $1", {std::int64_t{finished ? 1 : 0}});
}

bool Study::finished() const { return store_->ask("SELECT finished FROM progress").at(0)[0] == "1"; }

void Study::tell(const SearchProgress& progress) {
  store_->run(Store::Work::changes, [&] {
    Database& db = *store_->db;
    db.run(std::string("INSERT INTO told VALUES (1, $1, ") + db.now() +
               ") ON CONFLICT (id) DO UPDATE SET json = excluded.json, at = excluded.at",
           {text_of(progress_to_json(progress))});
  });
}

std::optional<SearchProgress> Study::told() const {
  return store_->run(Store::Work::questions, [&]() -> std::optional<SearchProgress> {
    Database& db = *store_->db;
    if (!db.has_table("told")) return std::nullopt;  // a search of an earlier kwsmith
    const std::vector<SqlRow> rows = db.run(std::string("SELECT json, ") + db.now() + " - at FROM told", {});
    if (rows.empty()) return std::nullopt;
    const Origin origin = row_of(db.name(), "what the search tells");
    SearchProgress progress = progress_from_json(parse_json(rows[0][0].value(), origin), origin);
    const double since = std::stod(rows[0][1].value());
    if (progress.seconds_left) progress.seconds_left = std::max(0.0, *progress.seconds_left - std::max(0.0, since));
    return progress;
  });
}

bool Study::searched() const {
  return store_->run(Store::Work::questions, [&] { return store_->db->search_runs(); });
}

void Study::set_reason(int number, int epochs, const std::string& reason) {
  store_->change("UPDATE rungs SET decided = $3 WHERE number = $1 AND epochs = $2",
                 {std::int64_t{number}, std::int64_t{epochs}, reason});
}

void Study::stand(const std::vector<Standing>& standings) {
  store_->run(Store::Work::changes, [&] {
    store_->db->run("DELETE FROM standings", {});
    for (const Standing& standing : standings) {
      store_->db->run("INSERT INTO standings VALUES ($1, $2, $3, $4)",
                      {std::int64_t{standing.number}, std::int64_t{standing.epochs},
                       std::string(state_name(standing.state)), standing.reason});
    }
  });
}

std::vector<Trial> Study::trials() const {
  return store_->run(Store::Work::questions, [&] { return read_trials(*store_->db); });
}

Proposal Study::proposal(int number) const {
  return store_->run(Store::Work::questions, [&] {
    const auto rows = store_->db->run("SELECT proposal FROM trials WHERE number = $1", {std::int64_t{number}});
    return stored_proposal(number, rows.at(0)[0].value(), store_->db->name());
  });
}

std::optional<Rung> Study::rung(int number, int epochs) const {
  return store_->run(Store::Work::questions, [&]() -> std::optional<Rung> {
    const auto rows =
        store_->db->run(std::string("SELECT ") + kRungCells + " FROM rungs WHERE number = $1 AND epochs = $2",
                        {std::int64_t{number}, std::int64_t{epochs}});
    return rows.empty() ? std::nullopt : std::optional(rung_of(rows[0], store_->db->name()));
  });
}

std::string Study::model(int number, int epochs) const {
  const auto rows = store_->ask("SELECT model FROM rungs WHERE number = $1 AND epochs = $2",
                                {std::int64_t{number}, std::int64_t{epochs}});
  return rows.empty() ? "" : rows[0][0].value_or("");
}

std::string Study::checkpoint(int number) const {
  const auto rows = store_->ask("SELECT checkpoint FROM trials WHERE number = $1", {std::int64_t{number}});
  return rows.empty() ? "" : rows[0][0].value_or("");
}

void Study::set_model(int number, int epochs, const std::string& model) {
  store_->change("UPDATE rungs SET model = $3 WHERE number = $1 AND epochs = $2",
                 {std::int64_t{number}, std::int64_t{epochs}, Bytes{model}});
}

void Study::shrink(const std::vector<int>& models, const std::vector<int>& checkpoints) {
  const std::scoped_lock guard(store_->mutex);
  Database& db = *store_->db;
  db.transaction(Database::Work::changes, [&] {
    for (const SqlRow& row : db.run("SELECT number FROM trials WHERE checkpoint IS NOT NULL", {})) {
      const int number = number_of(row[0]);
      if (std::ranges::find(checkpoints, number) != checkpoints.end()) continue;
      db.run("UPDATE trials SET checkpoint = NULL WHERE number = $1", {std::int64_t{number}});
    }
    for (const SqlRow& row : db.run("SELECT DISTINCT number FROM rungs WHERE model IS NOT NULL", {})) {
      const int number = number_of(row[0]);
      if (std::ranges::find(models, number) != models.end()) continue;
      db.run("UPDATE rungs SET model = NULL WHERE number = $1", {std::int64_t{number}});
    }
  });
  db.compact();
}

void Study::set_test(int number, const TestResult& test) {
  store_->change("INSERT INTO tests VALUES ($1, $2) ON CONFLICT (number) DO UPDATE SET result = excluded.result",
                 {std::int64_t{number}, text_of(test_to_json(test))});
}

std::map<int, TestResult> Study::tests() const {
  return store_->run(Store::Work::questions, [&] {
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

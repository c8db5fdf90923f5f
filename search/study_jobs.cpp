#include <algorithm>

#include "kws/core/table.h"
#include "study_store.h"

namespace kws {
namespace {

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
  // Who takes the row away writes the result; its worker may have come to an end just now.
  if (db.run("DELETE FROM jobs WHERE trial = $1 AND epochs = $2 RETURNING trial", step).empty()) return true;
  db.run("INSERT INTO rungs (number, epochs, decided, failure) VALUES ($1, $2, $3, $4)",
         {std::int64_t{lease.trial}, std::int64_t{lease.to}, lease.reason,
          what + " " + std::to_string(most) + " times; it may need more memory than there is"});
  return true;
}

/// How a job names its holder: with the length of the lease in seconds before it.
std::string holder_cell(const std::string& holder, double seconds) { return fixed(seconds, 3) + " " + holder; }
std::string holder_in(const std::string& cell) { return cell.substr(cell.find(' ') + 1); }
/// Those that nobody works on, as SQL.
std::string free_steps(const Database& db) { return std::string("expires < ") + db.now(); }
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

/// Where the fences of a step begin that is put on offer: so far above those of earlier offers that its leases have
/// none of theirs. The trial may have become another one, while a worker still trains what it was.
std::int64_t first_fence(Database& db) {
  const std::vector<SqlRow> rows = db.run(
      "INSERT INTO fences VALUES (1, 0) ON CONFLICT (id) DO UPDATE SET last = fences.last + 1000 RETURNING last", {});
  return std::stoll(rows.at(0)[0].value());
}

/// The step goes on from here, so nothing that was lost before counts.
void keep_checkpoint(Database& db, const Lease& lease, const std::string& checkpoint, double seconds) {
  const std::vector<SqlValue> step = {std::int64_t{lease.trial}, std::int64_t{lease.to}};
  db.run("UPDATE trials SET checkpoint = $2 WHERE number = $1", {step[0], Bytes{checkpoint}});
  db.run("INSERT INTO spent VALUES ($1, $2, $3) ON CONFLICT (trial, epochs) DO UPDATE SET seconds = excluded.seconds",
         {step[0], step[1], lease.seconds + seconds});
  for (const char* table : {"losses", "restarts"}) {
    db.run(std::string("DELETE FROM ") + table + " WHERE trial = $1 AND epochs = $2", step);
  }
}

}  // namespace

void Study::offer(int turn, const Lease& step) {
  const std::vector<SqlValue> key = {std::int64_t{step.trial}, std::int64_t{step.to}};
  store_->run(Store::Work::changes, [&] {
    Database& db = *store_->db;
    db.run("INSERT INTO jobs VALUES ($1, $2, $3, $4, $5, NULL, $6, 0) ON CONFLICT DO NOTHING",
           {key[0], key[1], std::int64_t{step.from}, std::int64_t{turn}, step.reason, first_fence(db)});
    // Looked for by a statement of its own, after the row is in: a result that came while the insertion waited for it
    // would not be seen by a condition of that one, and the step be trained again, to a result that nobody can write.
    db.run(
        "DELETE FROM jobs WHERE trial = $1 AND epochs = $2 AND EXISTS (SELECT 1 FROM rungs WHERE number = $1 AND "
        "epochs = $2)",
        key);
  });
}

std::vector<std::pair<int, int>> Study::withdraw(const std::function<bool(const std::string& holder)>& gone) {
  return store_->run(Store::Work::changes, [&] {
    std::vector<std::pair<int, int>> withdrawn;
    Database& db = *store_->db;
    const std::string expired = std::string("CASE WHEN expires < ") + db.now() + " THEN 1 ELSE 0 END";
    for (const SqlRow& row : db.run("SELECT trial, epochs, decided, holder, " + expired + " FROM jobs", {})) {
      if (row[4] != "1" && !gone(holder_in(row[3].value_or("")))) continue;
      const Lease step{.trial = number_of(row[0]), .to = number_of(row[1]), .reason = row[2].value()};
      if (row[3] && lost_too_often(db, "restarts", "ended the search", step, most_restarts)) continue;
      db.run("DELETE FROM jobs WHERE trial = $1 AND epochs = $2", {std::int64_t{step.trial}, std::int64_t{step.to}});
      withdrawn.emplace_back(step.trial, step.to);
    }
    return withdrawn;
  });
}

int Study::workers(const std::function<bool(const std::string& holder)>& gone) const {
  return store_->run(Store::Work::questions, [&] {
    Database& db = *store_->db;
    const std::vector<SqlRow> held = db.run(std::string("SELECT holder FROM jobs WHERE expires > ") + db.now(), {});
    return static_cast<int>(
        std::ranges::count_if(held, [&](const SqlRow& row) { return !gone(holder_in(row[0].value_or(""))); }));
  });
}

Study::Offers Study::offers() const {
  const std::string ahead = leases_ahead(*store_->db);
  const std::string either = free_steps(*store_->db) + (ahead.empty() ? "" : " OR (" + ahead + ")");
  const SqlRow row = store_
                         ->ask("SELECT finished, CASE WHEN EXISTS (SELECT 1 FROM jobs WHERE " + either +
                               ") THEN 1 ELSE 0 END FROM progress")
                         .at(0);
  if (row[1] == "1") return Offers::step;
  return row[0] == "1" ? Offers::none_more : Offers::none_yet;
}

std::optional<Lease> Study::claim(const std::string& holder, double seconds) {
  return store_->run(Store::Work::changes, [&]() -> std::optional<Lease> {
    Database& db = *store_->db;
    cut_leases_ahead(db);
    const std::vector<SqlRow> rows = db.run(
        "SELECT trial, from_epochs, epochs, decided, fence, holder, (SELECT seconds FROM spent WHERE spent.trial = "
        "jobs.trial AND spent.epochs = jobs.epochs) FROM jobs WHERE " +
            free_steps(db) + " ORDER BY turn LIMIT 1" + db.skip_locked(),
        {});
    if (rows.empty()) return std::nullopt;
    const SqlRow& row = rows[0];
    const Lease lease{.trial = number_of(row[0]),
                      .from = number_of(row[1]),
                      .to = number_of(row[2]),
                      .reason = row[3].value(),
                      .fence = std::stoll(row[4].value()) + 1,
                      .seconds = std::stod(row[6].value_or("0"))};
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
  const std::string mine = "trial = $1 AND epochs = $2 AND fence = $3 AND holder IS NOT NULL";
  return !store_
              ->change(std::string("UPDATE jobs SET expires = ") + store_->db->now() + " + $4 WHERE " + mine +
                           " RETURNING trial",
                       {std::int64_t{lease.trial}, std::int64_t{lease.to}, lease.fence, seconds})
              .empty();
}

bool Study::end(const Lease& lease, const std::function<void()>& record) {
  return store_->run(Store::Work::changes, [&] {
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
           {std::int64_t{lease.trial}, std::int64_t{lease.to}, lease.reason, text_of(result_to_json(result)),
            Bytes{result.model}});
    // The checkpoints and models before, and what the test split said of them, are of no use any more.
    db.run("DELETE FROM tests WHERE number = $1", {std::int64_t{lease.trial}});
    db.run("UPDATE rungs SET model = NULL WHERE number = $1 AND epochs < $2",
           {std::int64_t{lease.trial}, std::int64_t{lease.to}});
    db.run("UPDATE trials SET checkpoint = $2 WHERE number = $1",
           {std::int64_t{lease.trial}, Bytes{result.checkpoint}});
  });
}

bool Study::fail(const Lease& lease, const std::string& failure) {
  return end(lease, [&] {
    store_->db->run("INSERT INTO rungs (number, epochs, decided, failure) VALUES ($1, $2, $3, $4)",
                    {std::int64_t{lease.trial}, std::int64_t{lease.to}, lease.reason, failure});
  });
}

bool Study::keep(const Lease& lease, const std::string& checkpoint, double seconds) {
  return store_->run(Store::Work::changes, [&] {
    Database& db = *store_->db;
    // The row of the step is held first: a condition on it would be judged as of before a wait for the trial's row.
    const bool held = !db.run(
                             "UPDATE jobs SET fence = fence WHERE trial = $1 AND epochs = $2 AND fence = $3 RETURNING "
                             "trial",
                             {std::int64_t{lease.trial}, std::int64_t{lease.to}, lease.fence})
                           .empty();
    if (!held) return false;
    keep_checkpoint(db, lease, checkpoint, seconds);
    return true;
  });
}

bool Study::release(const Lease& lease, const std::string& checkpoint, double seconds) {
  return store_->run(Store::Work::changes, [&] {
    Database& db = *store_->db;
    const bool held = !db.run(
                             "UPDATE jobs SET holder = NULL, expires = 0 WHERE trial = $1 AND epochs = $2 AND "
                             "fence = $3 RETURNING trial",
                             {std::int64_t{lease.trial}, std::int64_t{lease.to}, lease.fence})
                           .empty();
    if (held && !checkpoint.empty()) keep_checkpoint(db, lease, checkpoint, seconds);
    return held;
  });
}

}  // namespace kws

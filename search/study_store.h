#pragma once

#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "database.h"
#include "kws/core/options.h"
#include "kws/search/study.h"

namespace kws {

constexpr int kMostEpochs = 1000000;

/// The database of a study, for the files that implement it.
struct Study::Store {
  explicit Store(std::unique_ptr<Database> opened) : db(std::move(opened)) {}

  using Work = Database::Work;

  /// One transaction, with what is wrong in a row said in our form.
  template <class Action>
  auto run(Work work, Action action) -> decltype(action()) {
    const std::scoped_lock guard(mutex);
    try {
      if constexpr (std::is_void_v<decltype(action())>) {
        db->transaction(work, action);
      } else {
        std::optional<decltype(action())> value;
        db->transaction(work, [&] { value.emplace(action()); });
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
  std::vector<SqlRow> ask(const std::string& sql, const std::vector<SqlValue>& values = {}) {
    return run(Work::questions, [&] { return db->run(sql, values); });
  }
  std::vector<SqlRow> change(const std::string& sql, const std::vector<SqlValue>& values) {
    return run(Work::change, [&] { return db->run(sql, values); });
  }

  std::unique_ptr<Database> db;
  std::mutex mutex;
};

// What its cells say, and what is written into them. Other processes write them, so nothing of them is believed:
// all that read throw Error (Exit::store).

inline int number_of(const std::optional<std::string>& cell) { return std::stoi(cell.value()); }
/// Where a row of the store stands in errors.
Origin row_of(const std::string& store, const std::string& row);

Json result_to_json(const TrialResult& result);
Json progress_to_json(const SearchProgress& progress);
SearchProgress progress_from_json(const Json& json, const Origin& origin);
Json test_to_json(const TestResult& test);
TestResult test_from_json(const Json& json, const Origin& origin);
Proposal stored_proposal(int number, const std::string& text, const std::string& store);

constexpr const char* kRungCells = "epochs, decided, result, failure";
/// Of those cells.
Rung rung_of(const SqlRow& row, const std::string& store);
/// All trials, by number, as the last run left them.
std::vector<Trial> read_trials(Database& db);

}  // namespace kws

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace kws {

/// Bytes of a statement, as against text.
struct Bytes {
  const std::string& value;
};
using SqlValue = std::variant<std::int64_t, double, std::string, Bytes>;
/// Cells as text, bytes as they are; nothing: NULL.
using SqlRow = std::vector<std::optional<std::string>>;

/// One connection to the database of a study: SQLite or PostgreSQL, spoken to in the SQL that both understand. One
/// thread at a time.
class Database {
 public:
  virtual ~Database() = default;

  /// Runs one statement inside a transaction(); $1, $2 ... stand for the values.
  virtual std::vector<SqlRow> run(const std::string& sql, const std::vector<SqlValue>& values) = 0;
  /// What an action consists of.
  enum class Work {
    questions,  ///< statements that change nothing
    change,     ///< one statement, which changes something
    changes,    ///< several, of which all happen or none
  };
  /// After a lost connection the action may be run again, so that it must bear that.
  ///   throws  Error (Exit::store) of one line: unreachable, damaged, disk full
  virtual void transaction(Work work, const std::function<void()>& action) = 0;

  /// Inside a transaction().
  virtual bool has_table(const std::string& table) = 0;

  /// Gives room that deleted rows have left back to the disk; outside a transaction().
  virtual void compact() = 0;

  /// Keeps a second search out as long as this process lives. Throws Error (Exit::store) when there is one.
  virtual void lock_search() = 0;
  /// Whether another process holds that lock; inside a transaction().
  virtual bool search_runs() = 0;
  /// The database's clock in seconds, as SQL: the clocks of the machines need not agree.
  [[nodiscard]] virtual const char* now() const = 0;
  /// Whether now() is one clock for all, and not that of each process's machine.
  [[nodiscard]] virtual bool one_clock() const = 0;
  /// Added to a SELECT of a row that is about to be changed.
  [[nodiscard]] virtual const char* skip_locked() const = 0;
  /// For messages: the file, or the URL without its password.
  [[nodiscard]] virtual const std::string& name() const = 0;
};

enum class Access { read, write, create };

/// FOLDER/study.db; FOLDER/study.lock keeps a second search out.
bool holds_sqlite(const std::filesystem::path& folder);
std::unique_ptr<Database> open_sqlite(const std::filesystem::path& folder, Access access);

/// A database of a PostgreSQL server, postgresql://user:password@host/database. A lost connection is made again for
/// half a minute.
std::unique_ptr<Database> open_postgres(const std::string& url);

}  // namespace kws

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <system_error>
#include <thread>

#include "database.h"
#include "kws/core/error.h"
#include "kws/core/files.h"

namespace kws {
namespace {

constexpr int kLockTries = 20;
constexpr int kBusyMs = 30000;  ///< another process of the study may be writing

/// What went wrong and what can be done about it.
Error failure(const std::string& name, const SQLite::Exception& error) {
  const auto says = [&](const char* way_out) {
    return Error(name + ": " + error.what() + "; " + way_out, Exit::store);
  };
  switch (error.getErrorCode()) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
      return says("free space or mend the disk, then run the same command again");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return says("close the program that keeps it locked, then run the same command again");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return says("allow writing to the file and its folder");
    case SQLITE_NOMEM:
      return says("use fewer --threads");
    default:
      return says("mend the file or use another --study folder");
  }
}

/// SQLite would make it for the owner alone, whatever the umask says; and would take one without content for a new one.
void make_file(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "study.db";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file >= 0) {
    ::close(file);
    return;
  }
  constexpr std::uintmax_t kHeader = 512;  // bytes that every database has
  std::error_code ignored;
  // Killed as it began, a search leaves an empty file, but nothing beside it yet.
  const bool lost = std::filesystem::file_size(path, ignored) < kHeader && !ignored &&
                    std::filesystem::exists(folder / "config.json", ignored);
  if (!lost) return;
  throw Error(path.string() +
                  ": is empty, though a search has been here; bring it back from a copy or use another "
                  "--study folder",
              Exit::store);
}

/// Held as long as the process lives; the system lets go of it when the process is killed.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder)
      : file_(::open((folder / "study.lock").c_str(), O_RDWR | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0666)) {
    for (int i = 0; file_ >= 0 && i < kLockTries; ++i) {
      if (::flock(file_, LOCK_EX | LOCK_NB) == 0) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));  // `status` looks at the lock for a moment
    }
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

class SqliteDatabase : public Database {
 public:
  SqliteDatabase(const std::filesystem::path& folder, Access access)
      : folder_(folder),
        name_((folder / "study.db").string()),
        db_(name_,
            access == Access::read ? SQLite::OPEN_READONLY
                                   : SQLite::OPEN_READWRITE | (access == Access::create ? SQLite::OPEN_CREATE : 0),
            kBusyMs) {}

  std::vector<SqlRow> run(const std::string& sql, const std::vector<SqlValue>& values) override {
    SQLite::Statement statement(db_, sql);
    for (std::size_t i = 0; i < values.size(); ++i) bind(statement, "$" + std::to_string(i + 1), values[i]);
    std::vector<SqlRow> rows;
    while (statement.executeStep()) {
      SqlRow& row = rows.emplace_back();
      for (int i = 0; i < statement.getColumnCount(); ++i) {
        const SQLite::Column cell = statement.getColumn(i);
        row.push_back(cell.isNull() ? std::nullopt : std::optional(cell.getString()));
      }
    }
    return rows;
  }

  void transaction(Work work, const std::function<void()>& action) override {
    try {
      SQLite::Transaction transaction(db_, work == Work::questions ? SQLite::TransactionBehavior::DEFERRED
                                                                   : SQLite::TransactionBehavior::IMMEDIATE);
      action();
      transaction.commit();
    } catch (const SQLite::Exception& error) {
      throw failure(name_, error);
    }
  }

  bool has_table(const std::string& table) override {
    return !run("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1", {table}).empty();
  }

  void compact() override {
    try {
      db_.exec("VACUUM");
    } catch (const SQLite::Exception&) {
      // The disk has no room for a copy, or a worker still reads: the file stays as large as it was.
    }
  }

  void lock_search() override { lock_.emplace(folder_); }
  bool search_runs() override {
    const int file = ::open((folder_ / "study.lock").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) return false;  // no search has been here
    const bool locked = ::flock(file, LOCK_SH | LOCK_NB) != 0;
    ::close(file);
    return locked;
  }
  [[nodiscard]] const char* now() const override { return "((julianday('now') - 2440587.5) * 86400.0)"; }
  [[nodiscard]] bool one_clock() const override { return false; }
  /// A transaction that writes has the file for itself.
  [[nodiscard]] const char* skip_locked() const override { return ""; }
  [[nodiscard]] const std::string& name() const override { return name_; }

 private:
  static void bind(SQLite::Statement& statement, const std::string& name, const SqlValue& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) statement.bind(name, *number);
    if (const auto* number = std::get_if<double>(&value)) statement.bind(name, *number);
    if (const auto* text = std::get_if<std::string>(&value)) statement.bind(name, *text);
    if (const auto* bytes = std::get_if<Bytes>(&value)) {
      statement.bind(name, bytes->value.data(), static_cast<int>(bytes->value.size()));
    }
  }

  std::filesystem::path folder_;
  std::string name_;
  std::optional<FolderLock> lock_;
  SQLite::Database db_;
};

}  // namespace

bool holds_sqlite(const std::filesystem::path& folder) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(folder / "study.db", ignored);
}

std::unique_ptr<Database> open_sqlite(const std::filesystem::path& folder, Access access) {
  if (access == Access::create) {
    require_writable_folder(folder);
    make_file(folder);
  } else if (!holds_sqlite(folder)) {
    throw Error(folder.string() + ": holds no study.db; give the --study folder of a search", Exit::usage);
  }
  // A process that was killed may have left a journal that only a writer can roll back, so readers open the file like
  // workers where they may.
  const bool writable = ::access((folder / "study.db").c_str(), W_OK) == 0 && ::access(folder.c_str(), W_OK) == 0;
  try {
    return std::make_unique<SqliteDatabase>(folder, access == Access::read && writable ? Access::write : access);
  } catch (const SQLite::Exception& error) {
    throw failure((folder / "study.db").string(), error);
  }
}

}  // namespace kws

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "database.h"
#include "kws/core/error.h"
#include "kws/core/files.h"

namespace kws {
namespace {

constexpr int kLockTries = 20;
constexpr int kBusyMs = 30000;  ///< another process of the study may be writing

/// Held as long as the process lives; the system lets go of it when the process is killed.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder)
      : file_(::open((folder / "study.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
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

  void transaction(bool writes, const std::function<void()>& action) override {
    try {
      SQLite::Transaction transaction(
          db_, writes ? SQLite::TransactionBehavior::IMMEDIATE : SQLite::TransactionBehavior::DEFERRED);
      action();
      transaction.commit();
    } catch (const SQLite::Exception& error) {
      throw Error(name_ + ": " + error.what() + "; mend the file or use another --study folder", Exit::store);
    }
  }

  void lock_search() override { lock_.emplace(folder_); }
  bool search_runs() override {
    const int file = ::open((folder_ / "study.lock").c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;  // no search has been here
    const bool locked = ::flock(file, LOCK_SH | LOCK_NB) != 0;
    ::close(file);
    return locked;
  }
  [[nodiscard]] const char* now() const override { return "((julianday('now') - 2440587.5) * 86400.0)"; }
  /// A transaction that writes has the file for itself.
  [[nodiscard]] const char* skip_locked() const override { return ""; }
  [[nodiscard]] const std::string& name() const override { return name_; }

 private:
  static void bind(SQLite::Statement& statement, const std::string& name, const SqlValue& value) {
    if (std::holds_alternative<std::nullptr_t>(value)) statement.bind(name);
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

std::unique_ptr<Database> open_sqlite(const std::filesystem::path& folder, Access access) {
  if (access == Access::create) {
    require_writable_folder(folder);
  } else if (!std::filesystem::is_regular_file(folder / "study.db")) {
    throw Error(folder.string() + ": holds no study.db; give the --study folder of a search", Exit::usage);
  }
  // A process that was killed may have left a journal that only a writer can roll back, so readers open the file like
  // workers where they may.
  const bool writable = ::access((folder / "study.db").c_str(), W_OK) == 0 && ::access(folder.c_str(), W_OK) == 0;
  try {
    return std::make_unique<SqliteDatabase>(folder, access == Access::read && writable ? Access::write : access);
  } catch (const SQLite::Exception& error) {
    throw Error((folder / "study.db").string() + ": " + error.what() + "; mend the file or use another --study folder",
                Exit::store);
  }
}

}  // namespace kws

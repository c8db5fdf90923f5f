// Part of kernels_text.h: memory that will be needed.

/// Hands out the cache lines of an Ahead in equal portions.
class Fetcher {
 public:
  Fetcher(Ahead ahead, std::ptrdiff_t portions)
      : next_(reinterpret_cast<const char*>(ahead.from)),
        end_(next_ + ahead.bytes),
        portion_((ahead.bytes / kLine + portions - 1) / portions * kLine) {}
  void fetch() {
    const char* const stop = end_ - next_ < portion_ ? end_ : next_ + portion_;
    for (; next_ < stop; next_ += kLine) _mm_prefetch(next_, _MM_HINT_T1);
  }

 private:
  static constexpr std::ptrdiff_t kLine = 64;
  const char* next_;
  const char* end_;
  std::ptrdiff_t portion_;
};

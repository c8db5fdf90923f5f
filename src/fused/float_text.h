// Included by the files whose networks store floats: a float is its own factor.

using Value = float;
using Factors = Vec;
static inline Factors factors_at(const float* p) { return load(p); }
static inline Factors factor_splat(float x) { return splat(x); }
static inline Vec accumulate(Factors a, Factors b, Vec sum) { return multiply_add(a, b, sum); }
/// Stores a value; returns it as it will be loaded.
static inline Vec kept(float* p, Vec x) {
  store(p, x);
  return x;
}
static inline Vec as_kept(Vec x) { return x; }
static inline void move(float* to, const float* from) { store(to, load(from)); }
static const float* narrow(std::ptrdiff_t /*count*/, const float* from, float* /*to*/) { return from; }
static const float* factors(std::ptrdiff_t /*rows*/, int /*pitch*/, const float* from, std::ptrdiff_t /*from_row*/,
                            float* /*to*/) {
  return from;
}

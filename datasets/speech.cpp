#include "speech.h"

#include <espeak-ng/speak_lib.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>

#include "kws/core/error.h"

namespace kws {
namespace {

// espeak-ng keeps phases, noise and random state between utterances and cannot be started twice in one process, so each
// call of speak() runs it in a child of its own: the same list always gives the same samples. The child writes, per
// utterance, a count and that many samples; the count kFailure is followed by the length and the text of a message.
constexpr std::uint32_t kFailure = 0xFFFFFFFFU;

constexpr std::size_t kMostVoices = 8;  ///< that may all say another thing before we give up

bool write_all(int to, const void* data, std::size_t bytes) {
  const char* at = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t done = write(to, at, bytes);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    at += done;
    bytes -= static_cast<std::size_t>(done);
  }
  return true;
}

bool read_all(int from, void* data, std::size_t bytes) {
  char* at = static_cast<char*>(data);
  while (bytes > 0) {
    const ssize_t done = read(from, at, bytes);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    at += done;
    bytes -= static_cast<std::size_t>(done);
  }
  return true;
}

bool send_failure(int to, const std::string& message) {
  const std::uint32_t head[] = {kFailure, static_cast<std::uint32_t>(message.size())};
  return write_all(to, head, sizeof head) && write_all(to, message.data(), message.size());
}

std::vector<std::int16_t>& spoken() {  // espeak-ng's callback has no argument for us
  static std::vector<std::int16_t> samples;
  return samples;
}

int collect(short* samples, int count, espeak_EVENT*) {
  if (samples != nullptr) spoken().insert(spoken().end(), samples, samples + count);
  return 0;
}

void add_identifiers(const char* language, std::set<std::string>& names) {
  espeak_VOICE wanted{};
  wanted.languages = language;
  for (const espeak_VOICE** voice = espeak_ListVoices(&wanted); *voice != nullptr; ++voice) {
    const std::string name = (*voice)->identifier;
    names.insert(name.rfind("!v/", 0) == 0 ? name.substr(3) : name);
  }
}

/// espeak-ng 1.51 compares a pointer on its stack that it may not have set (mended upstream after that release), so
/// what earlier calls left there could, rarely, change a word. With this it finds zeros.
[[gnu::noinline]] void clear_stack() {
  constexpr std::size_t kDepth = std::size_t{1} << 18U;
  std::array<char, kDepth> unused;
  unused.fill(0);
  asm volatile("" : : "r"(unused.data()) : "memory");  // else the compiler would leave the zeros out
}

/// espeak-ng looks for loudspeakers it will not use: PulseAudio would complain on the terminal and make a folder of its
/// own in the user's home.
void keep_quiet() {
  setenv("XDG_CONFIG_HOME", "/dev/null", 1);
  setenv("PULSE_RUNTIME_PATH", "/dev/null", 1);
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  // Where even that is refused, no file is better than the terminal.
  if (nowhere < 0) {
    close(STDERR_FILENO);
    return;
  }
  dup2(nowhere, STDERR_FILENO);
  close(nowhere);
}

/// Runs in the child; false when the parent has gone or a message was sent.
bool speak_into(int to, const std::vector<Utterance>& utterances) {
  // What the parent has left on stack and heap is another thing at each fork: espeak-ng finds zeros in both.
  mallopt(M_PERTURB, 0xFF);
  keep_quiet();
  clear_stack();
  if (espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, nullptr, espeakINITIALIZE_DONT_EXIT) != kSpeechRateHz) {
    return send_failure(to, "espeak-ng: its voice data cannot be loaded; install the package espeak-ng-data");
  }
  std::set<std::string> known = {""};
  add_identifiers("en", known);
  add_identifiers("variant", known);  // an unknown variant would silently be left out
  espeak_SetSynthCallback(collect);
  for (const Utterance& u : utterances) {
    const std::string voice = u.accent + (u.variant.empty() ? "" : "+") + u.variant;
    clear_stack();
    if (!known.contains(u.accent) || !known.contains(u.variant) || espeak_SetVoiceByName(voice.c_str()) != EE_OK) {
      return send_failure(to, "espeak-ng: voice \"" + voice + "\" is missing; install the package espeak-ng-data");
    }
    espeak_SetParameter(espeakPITCH, u.pitch, 0);
    espeak_SetParameter(espeakRANGE, u.range, 0);
    espeak_SetParameter(espeakRATE, u.rate, 0);
    spoken().clear();
    clear_stack();
    espeak_Synth(u.text.c_str(), u.text.size() + 1, 0, POS_CHARACTER, 0, espeakCHARS_UTF8, nullptr, nullptr);
    const auto count = static_cast<std::uint32_t>(spoken().size());
    if (!write_all(to, &count, sizeof count) || !write_all(to, spoken().data(), count * sizeof(std::int16_t))) {
      return false;
    }
  }
  return true;
}

/// A child that speaks a list; next() hands out its utterances in order. The child ends however the parent leaves.
class Voice {
 public:
  explicit Voice(const std::vector<Utterance>& utterances) {
    int ends[2];
    if (pipe(ends) != 0) throw Error(std::string("espeak-ng: no pipe: ") + std::strerror(errno) + "; close programs");
    from_ = ends[0];
    id_ = fork();
    if (id_ < 0) {
      close(ends[0]);
      close(ends[1]);
      throw Error(std::string("espeak-ng: cannot start: ") + std::strerror(errno) + "; close programs");
    }
    if (id_ == 0) {
      close(ends[0]);
      std::signal(SIGPIPE, SIG_IGN);
      std::srand(1);  // a state the parent may have moved
      _exit(speak_into(ends[1], utterances) ? 0 : 1);
    }
    close(ends[1]);
  }
  Voice(const Voice&) = delete;
  Voice& operator=(const Voice&) = delete;
  ~Voice() {
    close(from_);
    kill(id_, SIGKILL);
    while (waitpid(id_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  std::vector<std::int16_t> next(const std::string& text) {
    std::uint32_t count = 0;
    bool complete = read_all(from_, &count, sizeof count);
    if (complete && count == kFailure) {
      std::uint32_t length = 0;
      read_all(from_, &length, sizeof length);
      std::string message(length, ' ');
      read_all(from_, message.data(), length);
      throw Error(message);
    }
    std::vector<std::int16_t> samples(complete ? count : 0);
    complete = complete && read_all(from_, samples.data(), count * sizeof(std::int16_t));
    if (!complete) throw Error("espeak-ng: ended while speaking \"" + text + "\"; try without this word");
    return samples;
  }

 private:
  pid_t id_;
  int from_;
};

}  // namespace

const std::vector<std::string>& speech_accents() {
  static const std::vector<std::string> names = {
      "gmw/en-US",          "gmw/en",     "gmw/en-GB-x-rp", "gmw/en-GB-scotland",
      "gmw/en-GB-x-gbclan", "gmw/en-029", "gmw/en-US-nyc"};
  return names;
}

const std::vector<std::string>& speech_variants() {
  static const std::vector<std::string> names = {
      "",   "f1",   "f2",    "f3",    "f4",    "f5", "m1",  "m2",  "m3",    "m4",      "m5",      "m6",      "m7",
      "m8", "Andy", "Annie", "linda", "steph", "ed", "max", "rob", "david", "belinda", "grandma", "grandpa", "croak"};
  return names;
}

void speak(const std::vector<Utterance>& utterances,
           const std::function<void(std::size_t index, const std::vector<std::int16_t>& samples)>& take) {
  // Seen three times in thousands of runs, always on a fresh machine: a word came out differently for no cause that
  // could be found, once in three of three children. So two children must agree, and where they do not, others are
  // asked until two do.
  struct Heard {
    std::unique_ptr<Voice> voice;
    std::vector<std::int16_t> samples;
  };
  std::vector<Heard> pair(2);
  for (Heard& one : pair) one.voice = std::make_unique<Voice>(utterances);
  for (std::size_t i = 0; i < utterances.size(); ++i) {
    const std::string& text = utterances[i].text;
    for (Heard& one : pair) one.samples = one.voice->next(text);
    std::vector<Heard> apart;  // no two agree
    while (pair[0].voice == nullptr || pair[0].samples != pair[1].samples) {
      if (apart.size() == kMostVoices) {
        throw Error("espeak-ng: says \"" + text + "\" differently each time; check its installation");
      }
      apart.push_back(std::move(pair[1]));
      if (apart.size() == 1) apart.push_back(std::move(pair[0]));
      Heard other{.voice = std::make_unique<Voice>(utterances), .samples = {}};
      for (std::size_t j = 0; j <= i; ++j) other.samples = other.voice->next(utterances[j].text);
      const auto same = std::ranges::find(apart, other.samples, &Heard::samples);
      pair[0] = same == apart.end() ? Heard{.voice = nullptr, .samples = {}} : std::move(*same);
      pair[1] = std::move(other);
    }
    take(i, pair[0].samples);
  }
}

}  // namespace kws

// A label track beside a recording of a tenth of a second, which is read each time.
#include <unistd.h>

#include "fuzz.h"
#include "kws/pipeline/listen.h"

static std::filesystem::path folder_of_process() {
  const std::filesystem::path memory = "/dev/shm";
  return (std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path()) /
         ("kws_labels_fuzz_" + std::to_string(getpid()));
}

static void remove_folder() { std::filesystem::remove_all(folder_of_process()); }

int LLVMFuzzerInitialize(int* argc, char*** argv) {
  std::atexit(remove_folder);
  std::filesystem::create_directory(folder_of_process());
  // 16 kHz mono, 16 bit; 0xFFFFFFFF bytes of samples: as many as there are.
  const std::string header(
      "RIFF\xFF\xFF\xFF\xFFWAVEfmt \x10\0\0\0\1\0\1\0\x80\x3E\0\0\0\x7D\0\0\2\0\x10\0data\xFF\xFF\xFF\xFF", 44);
  std::ofstream(folder_of_process() / "r.wav", std::ios::binary) << header << std::string(3200, '\1');
  return kws::fuzz::begin_corpus(*argc, *argv,
                                 {"0.01\t0.04\tyes\n0.05\t0.08\tcoffee time\r\n",
                                  "\xEF\xBB\xBF"
                                  "0\t1\tno\n\\\t100.0\t2000.0\n",
                                  "0,1\t0,4\tyes\n", "0.05\t0.06\t\n1e-3\t1.9\tCoffee_Time\n"});
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::ofstream(folder_of_process() / "r.txt", std::ios::binary) << kws::fuzz::text(data, size);
  return kws::fuzz::refuse_or_read(data, size, [&] {
    (void)kws::read_recording(folder_of_process() / "r.wav", {"_silence_", "_unknown_", "yes", "no", "coffee time"});
  });
}

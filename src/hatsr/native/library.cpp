// What library.py asks a build first: which interface it has, and whether it runs here.

#if defined(__AMX_BF16__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "vectors.h"

extern "C" {

// The number of the interface, ABI in library.py: one more whenever a function or a structure here
// changes.
EXPORTED int hatsr_abi() { return 4; }

// Whether this build runs here; asks the system for the matrix units where it needs them.
EXPORTED int hatsr_ready() {
#if defined(__AMX_BF16__)
    constexpr long request = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILE_DATA
    return __builtin_cpu_supports("amx-bf16") && __builtin_cpu_supports("avx512bf16") &&
           syscall(SYS_arch_prctl, request, tile_data) == 0;
#elif defined(__AVX512BF16__)
    return __builtin_cpu_supports("avx512bf16");
#elif defined(__AVX512F__)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#elif defined(__AVX2__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi2");
#else
    return 1;
#endif
}
}

/* Preloaded into a process, hides VNNI and AMX from it, so that libraries take the code they have
 * for older processors.
 *
 * Linux can make the instruction CPUID fault (arch_prctl, ARCH_CPUID_SET), where the processor
 * allows it (cpuid_fault in /proc/cpuinfo). Each fault is answered with what CPUID says, without
 * the bits of those instructions (Intel's Software Developer's Manual, volume 2, CPUID, leaf 7). */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define ARCH_CPUID_SET 0x1012
#define CANNOT_HIDE 77

static const unsigned AVX512_VNNI = 1u << 11;                                   /* leaf 7.0, ECX */
static const unsigned AMX = 1u << 22 | 1u << 24 | 1u << 25;                     /* leaf 7.0, EDX */
static const unsigned AVX_VNNI = 1u << 4;                                       /* leaf 7.1, EAX */
static const unsigned AMX_FP16 = 1u << 21;                                      /* leaf 7.1, EAX */
static const unsigned AVX_VNNI_INT8_INT16 = 1u << 4 | 1u << 10;                 /* leaf 7.1, EDX */

static void answer(int signal_number, siginfo_t *info, void *context) {
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const unsigned char *at = (const unsigned char *)registers[REG_RIP];
    (void)info;
    if (at[0] != 0x0f || at[1] != 0xa2) { /* another fault: let it end the process */
        signal(signal_number, SIG_DFL);
        return;
    }
    unsigned leaf = registers[REG_RAX], part = registers[REG_RCX], a, b, c, d;
    syscall(SYS_arch_prctl, ARCH_CPUID_SET, 1);
    __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(leaf), "c"(part));
    syscall(SYS_arch_prctl, ARCH_CPUID_SET, 0);
    if (leaf == 7 && part == 0) {
        c &= ~AVX512_VNNI;
        d &= ~AMX;
    }
    if (leaf == 7 && part == 1) {
        a &= ~(AVX_VNNI | AMX_FP16);
        d &= ~AVX_VNNI_INT8_INT16;
    }
    registers[REG_RAX] = a;
    registers[REG_RBX] = b;
    registers[REG_RCX] = c;
    registers[REG_RDX] = d;
    registers[REG_RIP] += 2;
}

__attribute__((constructor)) static void hide(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = answer;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSEGV, &action, 0);
    if (syscall(SYS_arch_prctl, ARCH_CPUID_SET, 0) != 0)
        _exit(CANNOT_HIDE);
}

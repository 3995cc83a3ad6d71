/* site.c: see site.h. */
#include "site.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/*
 * One letter an argument: s a string, f a descriptor, n a number, q the first eight bytes at the
 * address, - nothing. size is the argument that holds a number of bytes, 0 for none.
 */
static const struct call {
	long number;
	const char *name, *pattern;
	int size;
} calls[] = {
#define CALL(name, pattern)                                                                        \
	{                                                                                          \
		SYS_##name, #name, pattern, 0                                                      \
	}
#define SIZED(name, pattern, size)                                                                 \
	{                                                                                          \
		SYS_##name, #name, pattern, size                                                   \
	}
	CALL(accept4, "f"),
	CALL(bind, "f"),
	CALL(bpf, "n"),
	CALL(brk, ""),
	CALL(capget, ""),
	CALL(capset, ""),
	CALL(chdir, "s"),
	CALL(chroot, "s"),
	CALL(clock_gettime, ""),
	CALL(clone, "n"),
	CALL(clone3, "q"),
	CALL(close, "f"),
	CALL(close_range, "n"),
	CALL(connect, "f"),
	CALL(dup, "f"),
	CALL(dup3, "f"),
	CALL(epoll_create1, ""),
	CALL(epoll_ctl, ""),
	CALL(epoll_pwait, ""),
	CALL(eventfd2, ""),
	CALL(execve, "s"),
	CALL(execveat, "s"),
	CALL(exit, ""),
	CALL(exit_group, ""),
	CALL(faccessat, "-s"),
	CALL(faccessat2, "-s"),
	CALL(fchdir, "f"),
	CALL(fchown, "f"),
	CALL(fcntl, "fn"),
	CALL(fgetxattr, "fs"),
	CALL(flock, "fn"),
	CALL(fsconfig, "-ns"),
	CALL(fsetxattr, "fs"),
	CALL(fsmount, ""),
	CALL(fsopen, "s"),
	CALL(fstat, "f"),
	CALL(fstatfs, "f"),
	CALL(futex, ""),
	CALL(getcwd, ""),
	CALL(getdents64, "f"),
	CALL(getegid, ""),
	CALL(geteuid, ""),
	CALL(getgid, ""),
	CALL(getpeername, "f"),
	CALL(getpid, ""),
	CALL(getppid, ""),
	CALL(getrandom, ""),
	CALL(getsockname, "f"),
	CALL(getsockopt, "fnn"),
	CALL(gettid, ""),
	CALL(getuid, ""),
	CALL(ioctl, "fn"),
	CALL(keyctl, "n"),
	CALL(kill, "-n"),
	CALL(linkat, "-s-s"),
	CALL(lseek, "f"),
	CALL(madvise, ""),
	CALL(membarrier, ""),
	CALL(memfd_create, "s"),
	CALL(mkdirat, "-s"),
	CALL(mknodat, "-s"),
	CALL(mmap, ""),
	CALL(mount, "-s"),
	CALL(mount_setattr, "-s"),
	CALL(move_mount, "---s"),
	CALL(mprotect, ""),
	CALL(mremap, ""),
	CALL(munmap, ""),
	CALL(nanosleep, ""),
	CALL(newfstatat, "-s"),
	CALL(open_tree, "-sn"),
	CALL(openat, "-sn"),
	CALL(openat2, "-s"),
	CALL(pidfd_open, ""),
	CALL(pidfd_send_signal, "-n"),
	CALL(pipe2, ""),
	CALL(pivot_root, ""),
	CALL(ppoll, ""),
	CALL(prctl, "n"),
	SIZED(pread64, "f", 2),
	CALL(prlimit64, "-n"),
	SIZED(read, "f", 2),
	CALL(readlinkat, "-s"),
	SIZED(recvfrom, "f", 2),
	CALL(recvmsg, "f"),
	CALL(renameat, "-s-s"),
	CALL(renameat2, "-s-s"),
	CALL(rseq, ""),
	CALL(restart_syscall, ""),
	CALL(rt_sigaction, "n"),
	CALL(rt_sigprocmask, "n"),
	CALL(rt_sigreturn, ""),
	CALL(rt_sigtimedwait, ""),
	CALL(sched_getaffinity, ""),
	CALL(sched_yield, ""),
	SIZED(sendfile, "ff", 3),
	CALL(sendmsg, "f"),
	SIZED(sendto, "f", 2),
	CALL(set_robust_list, ""),
	CALL(set_tid_address, ""),
	CALL(setgroups, "n"),
	CALL(sethostname, "s"),
	CALL(setns, "fn"),
	CALL(setresgid, "n"),
	CALL(setresuid, "n"),
	CALL(setsid, ""),
	CALL(setsockopt, "fnn"),
	CALL(sigaltstack, ""),
	CALL(signalfd4, ""),
	CALL(socket, "nnn"),
	CALL(socketpair, "nn"),
	CALL(statfs, "s"),
	CALL(statx, "-s"),
	CALL(symlinkat, "s-s"),
	CALL(tgkill, "--n"),
	CALL(timer_create, ""),
	CALL(timer_delete, ""),
	CALL(timer_settime, ""),
	CALL(umask, ""),
	CALL(umount2, "s"),
	CALL(uname, ""),
	CALL(unlinkat, "-sn"),
	CALL(unshare, "n"),
	CALL(wait4, ""),
	CALL(waitid, "n"),
	SIZED(write, "f", 2),
/* Older ones that only some processors have. */
#ifdef SYS_open
	CALL(access, "s"),
	CALL(arch_prctl, ""),
	CALL(dup2, "f"),
	CALL(getrlimit, "n"),
	CALL(lstat, "s"),
	CALL(mkdir, "s"),
	CALL(open, "sn"),
	CALL(poll, ""),
	CALL(readlink, "s"),
	CALL(rmdir, "s"),
	CALL(setrlimit, "n"),
	CALL(stat, "s"),
	CALL(unlink, "s"),
#endif
};

static const struct call *find(uint64_t number)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if ((uint64_t)calls[i].number == number)
			return &calls[i];
	return NULL;
}

const char *site_call(uint64_t number, char buffer[24])
{
	const struct call *call = find(number);

	if (call)
		return call->name;
	snprintf(buffer, 24, "call-%u", (unsigned int)number);
	return buffer;
}

int site_size_argument(uint64_t number)
{
	const struct call *call = find(number);

	return call && call->size ? call->size : -1;
}

size_t site_memory(pid_t tid, uint64_t address, void *to, size_t size)
{
	/* A read across the end of what is mapped gives nothing at all: page by page. */
	size_t page = (size_t)sysconf(_SC_PAGESIZE), got = 0;

	while (got < size) {
		size_t here = page - (address + got) % page;
		struct iovec mine = {(char *)to + got, here < size - got ? here : size - got};
		struct iovec theirs = {(void *)(uintptr_t)(address + got), mine.iov_len};

		if (process_vm_readv(tid, &mine, 1, &theirs, 1, 0) <= 0)
			break;
		got += mine.iov_len;
	}
	return got;
}

static void describe_descriptor(pid_t tid, int fd, char *out, size_t size)
{
	static const char deleted[] = " (deleted)";
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", tid, fd);
	n = readlink(path, out, size - 1);
	out[n < 0 ? 0 : n] = '\0';
	/* Whether another was faster to remove it is chance. */
	if (n > (ssize_t)strlen(deleted) && !strcmp(out + n - strlen(deleted), deleted))
		out[n - (ssize_t)strlen(deleted)] = '\0';
}

/* Every number becomes "#", and what would break the report's lines a "?". */
static void append_plainly(char *key, size_t size, const char *text)
{
	size_t used = strlen(key);

	for (; *text && used + 1 < size; text++) {
		bool digit = isdigit((unsigned char)*text);

		if (digit && used > 0 && key[used - 1] == '#')
			continue;
		key[used++] = digit ? '#' : *text < ' ' ? '?' : *text;
	}
	key[used] = '\0';
}

void site_key(pid_t tid, uint64_t number, const uint64_t args[6], char *key, size_t size)
{
	const struct call *call = find(number);
	char text[256], *end = key + size;

	key[0] = '\0';
	for (int i = 0; call && call->pattern[i]; i++) {
		uint64_t flags = 0;

		text[0] = '\0';
		if (call->pattern[i] == 's')
			text[site_memory(tid, args[i], text, sizeof(text) - 1)] = '\0';
		else if (call->pattern[i] == 'f')
			describe_descriptor(tid, (int)args[i], text, sizeof(text));
		else if (call->pattern[i] == 'q')
			site_memory(tid, args[i], &flags, sizeof(flags));
		else if (call->pattern[i] == 'n')
			flags = args[i] & 0xffffffff;
		else
			continue;
		key += strlen(key);
		if (call->pattern[i] == 'q' || call->pattern[i] == 'n')
			snprintf(key, (size_t)(end - key), "0x%llx ", (unsigned long long)flags);
		else {
			append_plainly(key, (size_t)(end - key) - 1, text);
			strcat(key, " ");
		}
	}
	key += strlen(key);
	if (call && call->pattern[0] && key[-1] == ' ')
		key[-1] = '\0';
}

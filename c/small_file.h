/*
 * small_file.h: files of cgroups and of /proc, where one read(2) gets the whole text and one
 * write(2) is one value. go/small_file.go is its twin.
 */
#ifndef TWINBOX_SMALL_FILE_H
#define TWINBOX_SMALL_FILE_H

#include <stddef.h>

/* dir is as for openat(2), file is no symlink. Both return -1 and errno on failure. */

/* Reads size - 1 bytes at most, as a string. */
int small_file_read(int dir, const char *file, char *out, size_t size);

/* EIO where the kernel took a part of value. */
int small_file_write(int dir, const char *file, const char *value);

#endif

/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * Runs a fuzz target without libFuzzer: over every file that is named, or that
 * lies in a named folder, and over mutations of it, the same ones every time.
 * AGENTRUN_FUZZ_MUTATIONS: how many of each file (2000).
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_BYTES 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	uint8_t *data;
	size_t len;
};

static struct input files[1000];
static size_t n_files;
static uint64_t state = 88172645463325252u;

static size_t below(size_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return n ? (size_t)(state % n) : 0;
}

/* The target sees exactly `len` bytes on the heap, so that a sanitizer notices a
 * step beyond them. */
static void try_input(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	if (len)
		memcpy(copy, data, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static void cut(uint8_t *data, size_t *len, size_t at, size_t n)
{
	if (n > *len - at)
		n = *len - at;
	memmove(data + at, data + at + n, *len - at - n);
	*len -= n;
}

static void insert(uint8_t *data, size_t *len, size_t at, const uint8_t *what, size_t n)
{
	if (n > MAX_BYTES - *len)
		n = MAX_BYTES - *len;
	memmove(data + at + n, data + at, *len - at);
	memmove(data + at, what, n);
	*len += n;
}

static void mutate_once(uint8_t *data, size_t *len)
{
	static const char marks[] = "{}[]\",:\\/~$.-+eE0123456789 \n\t\0\x7f\x80\xff\x1b'#&*|%@`";
	const struct input *other = &files[below(n_files)];
	size_t at = below(*len + 1), from, n;
	uint8_t mark = (uint8_t)marks[below(sizeof(marks) - 1)];

	switch (below(7)) {
	case 0:
		if (at < *len)
			data[at] ^= (uint8_t)(1u << below(8));
		break;
	case 1:
		if (at < *len)
			data[at] = mark;
		break;
	case 2:
		insert(data, len, at, &mark, 1);
		break;
	case 3:
		cut(data, len, at, 1 + below(8));
		break;
	case 4: /* the end is lost */
		if (below(4) == 0)
			*len = at;
		break;
	case 5: /* a piece comes again */
		from = below(*len + 1);
		n = below(*len - from + 1) % 64;
		if (*len + n <= MAX_BYTES) {
			uint8_t piece[64];

			memcpy(piece, data + from, n);
			insert(data, len, at, piece, n);
		}
		break;
	default: /* a piece of another file */
		from = below(other->len + 1);
		insert(data, len, at, other->data + from, below(other->len - from + 1) % 200);
	}
}

static void mutations(const struct input *file, size_t n)
{
	static uint8_t data[MAX_BYTES];

	for (size_t i = 0; i < n; i++) {
		size_t len = file->len, changes = 1 + below(6);

		memcpy(data, file->data, len);
		while (changes--)
			mutate_once(data, &len);
		try_input(data, len);
	}
}

static int add_file(const char *path)
{
	struct input *file = &files[n_files];
	FILE *in = fopen(path, "rb");

	if (!in || n_files == sizeof(files) / sizeof(files[0])) {
		fprintf(stderr, "%s: cannot be read\n", path);
		return -1;
	}
	file->data = malloc(MAX_BYTES);
	if (!file->data)
		abort();
	file->len = fread(file->data, 1, MAX_BYTES, in);
	n_files++;
	return fclose(in);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_path(const char *path)
{
	struct dirent **list;
	struct stat st;
	char name[4096];
	int n, r = 0;

	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		return add_file(path);
	n = scandir(path, &list, NULL, by_name);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, list[i]->d_name);
		if (r == 0 && list[i]->d_name[0] != '.')
			r = add_file(name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return n < 0 ? -1 : r;
}

int main(int argc, char **argv)
{
	const char *asked = getenv("AGENTRUN_FUZZ_MUTATIONS");
	size_t n = asked ? strtoul(asked, NULL, 10) : 2000;

	for (int i = 1; i < argc; i++)
		if (add_path(argv[i]) < 0)
			return EXIT_FAILURE;
	if (!n_files) {
		fprintf(stderr, "no input files\n");
		return EXIT_FAILURE;
	}
	try_input((const uint8_t *)"", 0);
	for (size_t i = 0; i < n_files; i++)
		try_input(files[i].data, files[i].len);
	for (size_t i = 0; i < n_files; i++)
		mutations(&files[i], n);
	for (size_t i = 0; i < n_files; i++)
		free(files[i].data);
	printf("%zu inputs, %zu mutations of each\n", n_files, n);
	return EXIT_SUCCESS;
}

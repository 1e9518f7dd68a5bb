/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * Blobs as files. Every path is opened below the folder's descriptor, which stays the
 * same whatever becomes of the path. Nothing is shared between calls but that
 * descriptor, so there is no lock in memory.
 *
 * Removing an old blob must not race with somebody who finds it there and takes it for
 * put. So who puts holds PATH/lock shared from before he looks until the blob's time is
 * new; who removes holds it alone while he looks at the time and unlinks.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <agentrun/fs.h>
#include <agentrun/sys/error.h>
#include <agentrun/sys/options.h>
#include <agentrun/sys/store.h>

#define HEX_LEN 64
#define SHARDS 256
#define ABANDONED_MS 60000 /* a file in tmp/ younger than this may be about to be locked */
#define LIST_BYTES ((size_t)HEX_LEN * 1000)

struct fs_store {
	int dir;
	char *path;
};

struct upload {
	int fd;
	uint64_t size;
	char name[64]; /* below the folder: "tmp/PID-..." */
};

/* ---- errors ------------------------------------------------------------- */

static int oom(agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
}

static const char *advice(int number)
{
	switch (number) {
	case ENOSPC:
	case EDQUOT:
		return "; make room there, or keep blobs elsewhere (storage.cas.path)";
	case EFBIG:
		return "; files may not be so large here (ulimit -f)";
	case EACCES:
	case EPERM:
	case EROFS:
		return "; whoever puts results must be able to write there";
	default:
		return "";
	}
}

/* By errno, at "PATH/name". */
static int fault(const struct fs_store *s, const char *name, agentrun_error **err)
{
	int number = errno;
	int r;

	if (number == ENOMEM)
		return oom(err);
	r = agentrun_error_raise(err, AGENTRUN_ESTORAGE, "%s%s%s: %s%s", s->path,
		*name ? "/" : "", name, strerror(number), advice(number));
	if (number == ENOSPC || number == EDQUOT)
		agentrun_error_set_retry(err ? *err : NULL, 1, 0);
	return r;
}

/* ---- names -------------------------------------------------------------- */

struct place {
	char shard[3];
	char file[3 + HEX_LEN + 1];
};

static struct place place_of(const char *hex)
{
	struct place place;

	snprintf(place.shard, sizeof(place.shard), "%.2s", hex);
	snprintf(place.file, sizeof(place.file), "%.2s/%.64s", hex, hex);
	return place;
}

static bool is_blob_name(const char *name)
{
	return strlen(name) == HEX_LEN && strspn(name, "0123456789abcdef") == HEX_LEN;
}

/* ---- durability --------------------------------------------------------- */

static int sync_folder(const struct fs_store *s, const char *name, agentrun_error **err)
{
	int fd = openat(s->dir, *name ? name : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	/* Some file systems cannot; then there is nothing that could be done. */
	if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL && errno != EROFS))
		r = fault(s, name, err);
	if (fd >= 0)
		close(fd);
	return r;
}

static int make_folder(const struct fs_store *s, const char *name, agentrun_error **err)
{
	if (mkdirat(s->dir, name, 0777) < 0 && errno != EEXIST)
		return fault(s, name, err);
	return 0;
}

/* An open lock; close it to give it back. */
static int lock(const struct fs_store *s, int how, int *fd, agentrun_error **err)
{
	int r;

	*fd = openat(s->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (*fd < 0)
		return fault(s, "lock", err);
	do
		r = flock(*fd, how);
	while (r < 0 && errno == EINTR);
	if (r < 0) {
		r = fault(s, "lock", err);
		close(*fd);
		return r;
	}
	return 0;
}

static int write_all(const struct fs_store *s, struct upload *up, const char *data,
	size_t len, agentrun_error **err)
{
	while (len) {
		ssize_t n = write(up->fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fault(s, up->name, err);
		up->size += (uint64_t)n;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* ---- in ----------------------------------------------------------------- */

static void fs_blob_drop(void *self, void *take_upload)
{
	const struct fs_store *s = self;
	struct upload *up = take_upload;

	if (up->fd >= 0) {
		unlinkat(s->dir, up->name, 0);
		close(up->fd);
	}
	free(up);
}

/* Locked for as long as it is open, by which its writer is known to live. */
static int open_upload(const struct fs_store *s, struct upload *up, agentrun_error **err)
{
	struct timespec t;
	int r = make_folder(s, "tmp", err);

	for (unsigned n = 0; r == 0 && up->fd < 0; n++) {
		clock_gettime(CLOCK_REALTIME, &t);
		snprintf(up->name, sizeof(up->name), "tmp/%ld-%lld%09ld-%u", (long)getpid(),
			(long long)t.tv_sec, t.tv_nsec, n);
		up->fd = openat(s->dir, up->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (up->fd < 0 && errno != EEXIST)
			r = fault(s, up->name, err);
	}
	if (r == 0 && flock(up->fd, LOCK_EX | LOCK_NB) < 0)
		r = fault(s, up->name, err);
	return r;
}

static int fs_blob_begin(void *self, void **out_upload, agentrun_error **err)
{
	struct upload *up = calloc(1, sizeof(*up));
	int r;

	*out_upload = NULL;
	if (!up)
		return oom(err);
	up->fd = -1;
	r = open_upload(self, up, err);
	if (r < 0)
		fs_blob_drop(self, up);
	else
		*out_upload = up;
	return r;
}

static int fs_blob_add(void *self, void *upload, const char *data, size_t len,
	agentrun_error **err)
{
	return write_all(self, upload, data, len, err);
}

/* Is it there, of the right length? Then it is young again: 1. */
static int renew(const struct fs_store *s, const struct place *place, uint64_t size,
	agentrun_error **err)
{
	struct stat st;

	if (fstatat(s->dir, place->file, &st, 0) < 0)
		return errno == ENOENT ? 0 : fault(s, place->file, err);
	if ((uint64_t)st.st_size != size || !S_ISREG(st.st_mode))
		return 0; /* it is damaged: put it anew */
	return utimensat(s->dir, place->file, NULL, 0) < 0 ? fault(s, place->file, err) : 1;
}

static int rename_upload(const struct fs_store *s, struct upload *up,
	const struct place *place, agentrun_error **err)
{
	int r = make_folder(s, place->shard, err);

	if (r == 0 && renameat(s->dir, up->name, s->dir, place->file) < 0)
		return fault(s, place->file, err);
	if (r == 0) {
		close(up->fd);
		up->fd = -1;
		r = sync_folder(s, place->shard, err);
	}
	/* Who made the shard's folder may not have come to sync it yet. */
	return r < 0 ? r : sync_folder(s, "", err);
}

static int fs_blob_finish(void *self, void *take_upload, const char *hex,
	agentrun_error **err)
{
	const struct fs_store *s = self;
	struct upload *up = take_upload;
	struct place place = place_of(hex);
	int fd = -1, r = 0;

	if (fsync(up->fd) < 0)
		r = fault(s, up->name, err);
	if (r == 0)
		r = lock(s, LOCK_SH, &fd, err);
	/* Renamed over one that is there: the same bytes, and if they were not, whole ones. */
	if (r == 0) {
		r = rename_upload(s, up, &place, err);
		close(fd);
	}
	fs_blob_drop(self, up);
	return r;
}

/* Under the lock: 1 when it is there and durable, as its first writer may have died
 * between the rename and the sync. */
static int find(const struct fs_store *s, const struct place *place, uint64_t size,
	agentrun_error **err)
{
	int fd, r = lock(s, LOCK_SH, &fd, err);

	if (r < 0)
		return r;
	r = renew(s, place, size, err);
	close(fd);
	return r == 1 && sync_folder(s, place->shard, err) < 0 ? AGENTRUN_ESTORAGE : r;
}

static int fs_put_blob(void *self, const char *hex, const char *data, size_t len,
	agentrun_error **err)
{
	struct place place = place_of(hex);
	void *up;
	int r = find(self, &place, len, err);

	if (r)
		return r < 0 ? r : 0;
	r = fs_blob_begin(self, &up, err);
	if (!up)
		return r;
	r = write_all(self, up, data, len, err);
	if (r == 0)
		return fs_blob_finish(self, up, hex, err);
	fs_blob_drop(self, up);
	return r;
}

/* ---- out ---------------------------------------------------------------- */

static int open_blob(const struct fs_store *s, const char *hex, int *fd,
	agentrun_error **err)
{
	struct place place = place_of(hex);

	*fd = openat(s->dir, place.file, O_RDONLY | O_CLOEXEC);
	if (*fd >= 0)
		return 0;
	if (errno == ENOENT)
		return agentrun_error_raise(err, AGENTRUN_ENOTFOUND, "no blob is named %.100s",
			hex);
	return fault(s, place.file, err);
}

static int fs_read_blob(void *self, const char *hex, uint64_t offset, char *to, size_t cap,
	size_t *len, agentrun_error **err)
{
	int fd, r = open_blob(self, hex, &fd, err);

	*len = 0;
	if (r < 0)
		return r;
	while (r == 0 && *len < cap) {
		ssize_t n = pread(fd, to + *len, cap - *len, (off_t)(offset + *len));

		if (n == 0)
			break;
		if (n > 0)
			*len += (size_t)n;
		else if (errno != EINTR)
			r = fault(self, place_of(hex).file, err);
	}
	close(fd);
	return r;
}

/* ---- keeping house ------------------------------------------------------ */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t modified_ms(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
}

/* NULL and 0: there is none. */
static int open_folder(const struct fs_store *s, const char *name, DIR **out,
	agentrun_error **err)
{
	int fd = openat(s->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*out = fd >= 0 ? fdopendir(fd) : NULL;
	if (*out || (fd < 0 && errno == ENOENT))
		return 0;
	if (fd >= 0)
		close(fd);
	return fault(s, name, err);
}

/* A file whose writer holds its lock is being written, however old it is. */
static void remove_abandoned(DIR *tmp, const char *name, int64_t before_ms)
{
	int fd = openat(dirfd(tmp), name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && modified_ms(&st) < before_ms &&
		flock(fd, LOCK_EX | LOCK_NB) == 0)
		unlinkat(dirfd(tmp), name, 0);
	close(fd);
}

static int remove_leftovers(const struct fs_store *s, int64_t before_ms,
	agentrun_error **err)
{
	const struct dirent *entry;
	DIR *tmp;
	int r = open_folder(s, "tmp", &tmp, err);

	if (r < 0 || !tmp)
		return r;
	if (before_ms > now_ms() - ABANDONED_MS)
		before_ms = now_ms() - ABANDONED_MS;
	while ((entry = readdir(tmp)))
		remove_abandoned(tmp, entry->d_name, before_ms);
	closedir(tmp);
	return 0;
}

static int list_shard(const struct fs_store *s, agentrun_buf *digests, unsigned shard,
	int64_t before_ms, agentrun_error **err)
{
	const struct dirent *entry;
	struct stat st;
	char name[3];
	DIR *folder;
	int r;

	snprintf(name, sizeof(name), "%02x", shard & 0xff);
	r = open_folder(s, name, &folder, err);
	if (r < 0 || !folder)
		return r;
	while (r == 0 && (entry = readdir(folder)))
		if (is_blob_name(entry->d_name) &&
			fstatat(dirfd(folder), entry->d_name, &st, 0) == 0 &&
			modified_ms(&st) < before_ms &&
			agentrun_buf_append(digests, entry->d_name, HEX_LEN) < 0)
			r = oom(err);
	closedir(folder);
	return r;
}

/* The cursor is the next shard. */
static int fs_list_blobs(void *self, agentrun_buf *digests, agentrun_buf *cursor,
	int64_t before_ms, agentrun_error **err)
{
	unsigned shard = cursor->len ? (unsigned)strtoul(cursor->data, NULL, 16) : 0;
	char next[12];
	int r = cursor->len ? 0 : remove_leftovers(self, before_ms, err);

	while (r == 0 && shard < SHARDS && digests->len < LIST_BYTES)
		r = list_shard(self, digests, shard++, before_ms, err);
	snprintf(next, sizeof(next), "%x", shard);
	agentrun_buf_dispose(cursor);
	if (r == 0 && shard < SHARDS && agentrun_buf_set(cursor, next, strlen(next)) < 0)
		r = oom(err);
	return r;
}

static int fs_remove_blob(void *self, const char *hex, int64_t before_ms, int *removed,
	agentrun_error **err)
{
	const struct fs_store *s = self;
	struct place place = place_of(hex);
	struct stat st;
	int fd, r = lock(s, LOCK_EX, &fd, err);

	*removed = 0;
	if (r < 0)
		return r;
	if (fstatat(s->dir, place.file, &st, 0) == 0 && modified_ms(&st) < before_ms) {
		if (unlinkat(s->dir, place.file, 0) == 0)
			*removed = 1;
		else if (errno != ENOENT)
			r = fault(s, place.file, err);
	}
	close(fd);
	return r;
}

/* ---- records are not for here ------------------------------------------- */

static int blobs_alone(agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_EINVAL,
		"files keep blobs alone: records need another backend");
}

static int fs_put(void *self, agentrun_buf *result_ids,
	const agentrun_record *const *records, size_t n, agentrun_error **err)
{
	(void)self, (void)result_ids, (void)records, (void)n;
	return blobs_alone(err);
}

static int fs_get(void *self, agentrun_record *into, int field, const char *key,
	agentrun_error **err)
{
	(void)self, (void)into, (void)field, (void)key;
	return blobs_alone(err);
}

static int fs_list(void *self, agentrun_records *into, const agentrun_store_query *query,
	agentrun_error **err)
{
	(void)self, (void)into, (void)query;
	return blobs_alone(err);
}

static void fs_destroy(void *self)
{
	struct fs_store *s = self;

	if (s->dir >= 0)
		close(s->dir);
	free(s->path);
	free(s);
}

static const agentrun_store_impl store_impl = {
	.version = AGENTRUN_STORE_IMPL_VERSION,
	.struct_size = sizeof(store_impl),
	.name = "fs",
	.put = fs_put,
	.get = fs_get,
	.list = fs_list,
	.put_blob = fs_put_blob,
	.destroy = fs_destroy,
	.blob_begin = fs_blob_begin,
	.blob_add = fs_blob_add,
	.blob_finish = fs_blob_finish,
	.blob_drop = fs_blob_drop,
	.read_blob = fs_read_blob,
	.list_blobs = fs_list_blobs,
	.remove_blob = fs_remove_blob,
};

static const agentrun_fs_blobs_options defaults = { .path = "agentrun-blobs" };

void agentrun_fs_blobs_options_init(agentrun_fs_blobs_options *opts, size_t struct_size)
{
	agentrun_options_init(opts, struct_size, &defaults, sizeof(defaults));
}

/* Open the folder that holds PATH and sync it, so that PATH is there after a crash. */
static void sync_parent(const struct fs_store *s)
{
	int fd = openat(s->dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
}

static int open_path(struct fs_store *s, const char *path, agentrun_error **err)
{
	bool made;

	s->path = strdup(path);
	if (!s->path)
		return oom(err);
	made = mkdir(path, 0777) == 0;
	if (!made && errno != EEXIST)
		return agentrun_error_raise(err, AGENTRUN_EBACKEND,
			"%s cannot be made: %s%s", path, strerror(errno), advice(errno));
	s->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		return agentrun_error_raise(err, AGENTRUN_EBACKEND, "%s: %s", path,
			strerror(errno));
	if (made)
		sync_parent(s);
	return 0;
}

int agentrun_fs_blobs_new(agentrun_store **out, const agentrun_fs_blobs_options *opts_in,
	agentrun_error **err)
{
	agentrun_fs_blobs_options opts = defaults;
	struct fs_store *s;
	int r;

	*out = NULL;
	r = agentrun_options_read(&opts, sizeof(opts), opts_in, "agentrun_fs_blobs_options",
		err);
	if (r < 0)
		return r;
	if (!opts.path || !*opts.path)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_fs_blobs_options.path is not set");
	s = calloc(1, sizeof(*s));
	if (!s)
		return oom(err);
	s->dir = -1;
	r = open_path(s, opts.path, err);
	if (r == 0)
		r = agentrun_store_new(out, &store_impl, s, NULL, err);
	if (!*out)
		fs_destroy(s);
	return r;
}

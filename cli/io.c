/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

/* ---- reading ------------------------------------------------------------ */

static int complain(agentrun_error **err, const char *path, int fault)
{
	int code = AGENTRUN_EIO;

	if (fault == ENOENT || fault == ENOTDIR)
		code = AGENTRUN_ENOTFOUND;
	else if (fault == EISDIR)
		code = AGENTRUN_EINPUT;
	return agentrun_error_raise(err, code, "%s: %s", path, strerror(fault));
}

/* Read to the end; grows by what the file says of its size. */
static int read_all(agentrun_buf *out, int fd, const char *path, agentrun_error **err)
{
	struct stat st;
	size_t cap = 65536, len = 0;
	char *data, *grown;
	ssize_t n;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		cap = (size_t)st.st_size + 1;
	data = malloc(cap);
	if (!data)
		return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	while ((n = read(fd, data + len, cap - len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			free(data);
			return complain(err, path, errno);
		}
		len += (size_t)n;
		if (len < cap)
			continue;
		cap *= 2;
		grown = realloc(data, cap);
		if (!grown) {
			free(data);
			return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
		}
		data = grown;
	}
	data[len] = '\0';
	agentrun_buf_dispose(out);
	out->data = data;
	out->len = len;
	return 0;
}

int cli_source_open(cli_source *source, const char *path, agentrun_error **err)
{
	bool is_stdin = strcmp(path, "-") == 0;

	source->path = is_stdin ? "stdin" : path;
	source->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	/* Where stdin is closed something else may get its number later. */
	if (source->fd < 0 || fcntl(source->fd, F_GETFD) < 0)
		return complain(err, source->path, errno);
	return 0;
}

int cli_source_read(void *user, char *to, size_t cap, size_t *len, agentrun_error **err)
{
	const cli_source *source = user;
	ssize_t n;

	do {
		n = read(source->fd, to, cap);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return complain(err, source->path, errno);
	*len = (size_t)n;
	return 0;
}

void cli_source_close(cli_source *source)
{
	if (source->fd > STDIN_FILENO)
		close(source->fd);
	source->fd = -1;
}

int cli_read(agentrun_buf *out, const char *path, agentrun_error **err)
{
	cli_source source;
	int r = cli_source_open(&source, path, err);

	if (r < 0)
		return r;
	r = read_all(out, source.fd, source.path, err);
	cli_source_close(&source);
	return r;
}

const char *cli_name_of(const char *path)
{
	return strcmp(path, "-") == 0 ? "stdin" : path;
}

/* ---- replacing ---------------------------------------------------------- */

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Its owner's again, as far as who runs this may give a file away; and its mode. */
static int be_like(int fd, const struct stat *st)
{
	if (fchown(fd, st->st_uid, st->st_gid) < 0 && errno != EPERM)
		return -1;
	return fchmod(fd, st->st_mode & 07777);
}

/* The new file beside the old one, safely on the disk. */
static int write_beside(const char *path, char *temp, const char *data, size_t len)
{
	struct stat st;
	int fd = mkostemp(temp, O_CLOEXEC), fault;

	if (fd < 0)
		return -1;
	if ((stat(path, &st) == 0 && be_like(fd, &st) < 0) ||
		write_all(fd, data, len) < 0 || write_all(fd, "\n", 1) < 0 || fsync(fd) < 0) {
		fault = errno;
		close(fd);
		unlink(temp);
		errno = fault;
		return -1;
	}
	if (close(fd) == 0)
		return 0;
	fault = errno;
	unlink(temp);
	errno = fault;
	return -1;
}

int cli_replace(const char *path, const char *data, size_t len, agentrun_error **err)
{
	static const char suffix[] = ".XXXXXX";
	char *real = realpath(path, NULL), *temp = NULL;
	size_t len_real;
	struct stat st;
	int r = 0;

	if (!real)
		return complain(err, path, errno);
	if (stat(real, &st) == 0 && !S_ISREG(st.st_mode)) {
		free(real);
		return agentrun_error_raise(err, AGENTRUN_EINPUT,
			"%s: not a regular file, it cannot be replaced", path);
	}
	len_real = strlen(real);
	temp = malloc(len_real + sizeof(suffix));
	if (!temp) {
		free(real);
		return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	}
	memcpy(temp, real, len_real);
	memcpy(temp + len_real, suffix, sizeof(suffix));
	if (write_beside(real, temp, data, len) < 0) {
		r = complain(err, path, errno);
	} else if (rename(temp, real) < 0) {
		r = complain(err, path, errno);
		unlink(temp);
	}
	free(temp);
	free(real);
	return r;
}

/* ---- writing ------------------------------------------------------------ */

static int output_failed(void)
{
	int fault = errno;

	if (fault == EPIPE)
		_exit(EXIT_CLOSED_PIPE);
	fprintf(stderr, "agentrun: cannot write the output: %s\n", strerror(fault));
	_exit(EXIT_FAILURE);
}

int cli_write(const char *data, size_t len)
{
	if (len && fwrite(data, 1, len, stdout) < len)
		return output_failed();
	return 0;
}

int cli_write_line(const char *data, size_t len)
{
	if (cli_write(data, len) || (putchar('\n') == EOF && output_failed()))
		return EXIT_FAILURE;
	return cli_finish();
}

void cli_print_text(FILE *out, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) /* C1 */
			fprintf(out, "\\x%02x", *++p);
		else if ((*p < 0x20 && *p != '\n' && *p != '\t') || *p == 0x7f)
			fprintf(out, "\\x%02x", *p);
		else
			fputc(*p, out);
}

int cli_finish(void)
{
	return fflush(stdout) == EOF || ferror(stdout) ? output_failed() : 0;
}

/* One line, however many violations there are. */
int cli_complain(const agentrun_error *err)
{
	const char *message = agentrun_error_message(err);
	size_t n = agentrun_error_violation_count(err);
	int status = agentrun_error_code_exit_status(agentrun_error_code(err));

	fflush(stdout);
	fprintf(stderr, "agentrun: %s", message);
	for (size_t i = 0; i < n; i++) {
		const char *violation = agentrun_error_violation(err, i);

		if (!strstr(message, violation)) /* it may tell of the first itself */
			fprintf(stderr, "%s%s", i ? "; " : ": ", violation);
	}
	fputc('\n', stderr);
	return status ? status : EXIT_FAILURE;
}

int cli_fail(agentrun_error *err)
{
	int status = cli_complain(err);

	agentrun_error_free(err);
	return status;
}

bool cli_is_terminal(void)
{
	return isatty(STDOUT_FILENO);
}

bool cli_has_colour(void)
{
	const char *off = getenv("NO_COLOR"), *term = getenv("TERM");

	return cli_is_terminal() && !(off && *off) && term && strcmp(term, "dumb") != 0;
}

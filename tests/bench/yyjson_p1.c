/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* P1 done on yyjson's tree: yyjson_p1 FILE. Only built against a clone of it. */
#include <stdio.h>
#include <string.h>

#include <yyjson.h>

struct best {
	double price[10];
	yyjson_val *row[10];
	size_t n;
};

/* Behind those of the same price. */
static void offer(struct best *best, double price, yyjson_val *row)
{
	size_t at = best->n;

	if (at == 10 && price >= best->price[9])
		return;
	if (at == 10)
		at--;
	else
		best->n++;
	for (; at && best->price[at - 1] > price; at--) {
		best->price[at] = best->price[at - 1];
		best->row[at] = best->row[at - 1];
	}
	best->price[at] = price;
	best->row[at] = row;
}

static void print(const struct best *best)
{
	static const char *const fields[] = { "airline", "from", "to", "price" };

	putchar('[');
	for (size_t i = 0; i < best->n; i++) {
		printf("%s{", i ? "," : "");
		for (size_t k = 0; k < 4; k++) {
			yyjson_val *value = yyjson_obj_get(best->row[i], fields[k]);
			char *text = value ? yyjson_val_write(value, 0, NULL) : NULL;

			printf("%s\"%s\":%s", k ? "," : "", fields[k],
				text ? text : "null");
		}
		putchar('}');
	}
	puts("]");
}

int main(int argc, char **argv)
{
	struct best best = { .n = 0 };
	yyjson_doc *doc = argc == 2 ? yyjson_read_file(argv[1], 0, NULL, NULL) : NULL;
	yyjson_arr_iter it;
	yyjson_val *row;

	if (!doc || !yyjson_arr_iter_init(yyjson_doc_get_root(doc), &it))
		return 1;
	while ((row = yyjson_arr_iter_next(&it))) {
		yyjson_val *price = yyjson_obj_get(row, "price");

		if (price && yyjson_is_num(price) && yyjson_get_num(price) < 500)
			offer(&best, yyjson_get_num(price), row);
	}
	print(&best);
	yyjson_doc_free(doc);
	return 0;
}

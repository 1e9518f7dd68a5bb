# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""embed.py OUT SCRIPTS_DIRECTORY NAME...: the scripts as C, each behind what its mode
has in common (list.lua, stream.lua) and what it needs. Comments and indentation stay
behind."""
import os
import sys

out, folder, names = sys.argv[1], sys.argv[2], sys.argv[3:]


def read(name):
    path = os.path.join(folder, name + ".lua")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    more = [read(line.split()[2]) for line in lines if line.startswith("-- needs ")]
    return sum(more, []) + [line for line in lines if line and not line.startswith("--")]


with open(out, "w", encoding="utf-8") as file:
    file.write('#include "scripts.h"\n\nconst char *const redis_scripts[REDIS_SCRIPTS] = {\n')
    for name in names:
        file.write("\t[REDIS_%s] =\n" % name.upper())
        for line in read(name.split("_")[0]) + read(name):
            file.write('\t\t"%s\\n"\n' % line.replace("\\", "\\\\").replace('"', '\\"'))
        file.write("\t\t,\n")
    file.write("};\n")

-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- ARGV: base, cursor, before (ms). Gives the next cursor ('0': that was all) and the
-- digests, among those looked at, of blobs that were last put before.
local call = redis.call
local found = call('SSCAN', ARGV[1] .. ':blobs', ARGV[2], 'COUNT', 5000)
local before = tonumber(ARGV[3])
local out = { found[1] }
for _, hex in ipairs(found[2]) do
	local put = call('ZSCORE', ARGV[1] .. ':blobs-put', hex)
	if not put or tonumber(put) < before then out[#out + 1] = hex end
end
return out

-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- ARGV: base, what to do (retry, drop), job id, is it any job's?, from which letter on, the
-- name of this call and how many letters it has acted on (the same when it is made again
-- for want of an answer).
-- Acts on the first letter of the job, or on the first of all.
-- Gives the letter to go on from (-1: that was all), and whether one was acted on.
local action, id, any, from = ARGV[2], ARGV[3], ARGV[4] == '1', tonumber(ARGV[5])
local ACTED, acted = BASE .. ':acted:' .. ARGV[6], tonumber(ARGV[7])
if tonumber(call('GET', ACTED) or 0) > acted then return { from, 1 } end
-- cjson writes a slash with a backslash, we do not.
local head = '{"job_id":' .. cjson.encode(id):gsub('\\/', '/') .. ','
local STEP = any and 1 or 1000
local letters = call('LRANGE', DEAD, from, from + STEP - 1)
for _, letter in ipairs(letters) do
	if any or letter:sub(1, #head) == head then
		if action == 'retry' then
			local ok, read = pcall(cjson.decode, letter)
			ok = ok and type(read) == 'table' and type(read.payload) == 'string'
			call('RPUSH', JOBS, ok and read.payload or letter)
		end
		call('SET', ACTED, acted + 1, 'EX', 600)
		call('LREM', DEAD, 1, letter)
		return { from, 1 }
	end
end
return { #letters == STEP and from + STEP or -1, 0 }

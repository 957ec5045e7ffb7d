/**
 * The script that changes entries. It runs in Redis, because only there can the comparison of versions and the write of
 * a record be one atomic step.
 *
 * KEYS: three for each entry: its hash, its versions, its removals.
 * ARGV: LIVE or nothing, and the prefix of channels. Then for each entry the number of its changes, and for each change
 * its field, its version and its record, or REMOVED. Returns ACCEPTED or 0 for each change.
 *
 * - Records without versions are dropped first. Their versions were lost (evicted, or deleted by hand), so these
 *   records may not be the newest. The script checks before it deletes, because Redis no longer stops a script that has
 *   written anything when the memory is full.
 * - A removal stays in the versions for REMOVALS_KEPT_MS. Later removals of the entry delete older ones, and once an
 *   entry has no records left, Redis itself expires the rest of it.
 */
export const LIVE = 'live';
export const REMOVED = '';
export const ACCEPTED = 1;
export const KEYS_OF_ENTRY = 3;
const REMOVALS_KEPT_MS = 24 * 60 * 60 * 1000;
/** More than one call can add, so the removals of an entry cannot grow for ever. */
const SWEPT = 1000;

export const SCRIPT = `
local isLive, channels = ARGV[1] == '${LIVE}', ARGV[2]
local results = {}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function isNewer(a, b)
  local token, revision = string.match(a, '^(%d+)%.(%d+)$')
  local otherToken, otherRevision = string.match(b, '^(%d+)%.(%d+)$')
  token, otherToken = tonumber(token), tonumber(otherToken)
  return token > otherToken or (token == otherToken and tonumber(revision) > tonumber(otherRevision))
end

local next = 3
for key = 1, #KEYS, ${KEYS_OF_ENTRY} do
  local entry, versions, removals = KEYS[key], KEYS[key + 1], KEYS[key + 2]
  local isKnown = redis.call('EXISTS', versions) == 1
  if not isKnown and redis.call('EXISTS', entry) == 1 then redis.call('DEL', entry, removals) end
  local hasRemoved = false
  local last = next + ARGV[next] * 3
  for arg = next + 1, last, 3 do
    local field, version, record = ARGV[arg], ARGV[arg + 1], ARGV[arg + 2]
    local stored = isKnown and redis.call('HGET', versions, field)
    if stored and stored ~= version and isNewer(stored, version) then
      results[#results + 1] = 0
    else
      if record == '${REMOVED}' then
        redis.call('HDEL', entry, field)
        redis.call('ZADD', removals, now, field)
        hasRemoved = true
      elseif redis.call('HSET', entry, field, record) == 1 and isKnown then
        if stored then redis.call('ZREM', removals, field) end
        if redis.call('HLEN', entry) == 1 then
          redis.call('PERSIST', versions)
          redis.call('PERSIST', removals)
        end
      end
      if stored ~= version then redis.call('HSET', versions, field, version) end
      if isLive then
        local text = record == '${REMOVED}' and 'null' or record
        local message = '{"field":' .. cjson.encode(field) .. ',"version":"' .. version .. '","record":' .. text .. '}'
        redis.call('PUBLISH', channels .. entry, message)
      end
      results[#results + 1] = ${ACCEPTED}
    end
  end
  next = last + 1
  if hasRemoved then
    local old = redis.call('ZRANGEBYSCORE', removals, '-inf', now - ${REMOVALS_KEPT_MS}, 'LIMIT', 0, ${SWEPT})
    if #old > 0 then
      redis.call('HDEL', versions, unpack(old))
      redis.call('ZREM', removals, unpack(old))
    end
    if redis.call('EXISTS', entry) == 0 then
      redis.call('PEXPIRE', versions, ${REMOVALS_KEPT_MS})
      redis.call('PEXPIRE', removals, ${REMOVALS_KEPT_MS})
    end
  end
end
return results
`;

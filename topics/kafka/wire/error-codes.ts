/** The errors that a broker returns, by name. https://kafka.apache.org/protocol.html#protocol_error_codes */

/** The number, and Kafka's description; newer codes have only a name. */
const ERRORS = {
  UNKNOWN_SERVER_ERROR: [-1, 'The server experienced an unexpected error when processing the request'],
  OFFSET_OUT_OF_RANGE: [1, 'The requested offset is not within the range of offsets maintained by the server'],
  CORRUPT_MESSAGE: [2, 'This message has failed its CRC checksum, exceeds the valid size, or is otherwise corrupt'],
  UNKNOWN_TOPIC_OR_PARTITION: [3, 'This server does not host this topic-partition'],
  INVALID_FETCH_SIZE: [4, 'The requested fetch size is invalid'],
  LEADER_NOT_AVAILABLE: [
    5,
    'There is no leader for this topic-partition as we are in the middle of a leadership election',
  ],
  NOT_LEADER_OR_FOLLOWER: [6, 'This server is not the leader for that topic-partition'],
  REQUEST_TIMED_OUT: [7, 'The request timed out'],
  BROKER_NOT_AVAILABLE: [8, 'The broker is not available'],
  REPLICA_NOT_AVAILABLE: [9, 'The replica is not available for the requested topic-partition'],
  MESSAGE_TOO_LARGE: [10, 'The request included a message larger than the max message size the server will accept'],
  STALE_CONTROLLER_EPOCH: [11, 'The controller moved to another broker'],
  OFFSET_METADATA_TOO_LARGE: [12, 'The metadata field of the offset request was too large'],
  NETWORK_EXCEPTION: [13, 'The server disconnected before a response was received'],
  COORDINATOR_LOAD_IN_PROGRESS: [14, "The coordinator is loading and hence can't process requests for this group"],
  COORDINATOR_NOT_AVAILABLE: [15, 'The group coordinator is not available'],
  NOT_COORDINATOR: [16, 'This is not the correct coordinator for this group'],
  INVALID_TOPIC: [17, 'The request attempted to perform an operation on an invalid topic'],
  RECORD_LIST_TOO_LARGE: [
    18,
    'The request included message batch larger than the configured segment size on the server',
  ],
  NOT_ENOUGH_REPLICAS: [19, 'Messages are rejected since there are fewer in-sync replicas than required'],
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: [
    20,
    'Messages are written to the log, but to fewer in-sync replicas than required',
  ],
  INVALID_REQUIRED_ACKS: [21, 'Produce request specified an invalid value for required acks'],
  ILLEGAL_GENERATION: [22, 'Specified group generation id is not valid'],
  INCONSISTENT_GROUP_PROTOCOL: [
    23,
    "The group member's supported protocols are incompatible with those of existing members",
  ],
  INVALID_GROUP_ID: [24, 'The configured groupId is invalid'],
  UNKNOWN_MEMBER_ID: [25, 'The coordinator is not aware of this member'],
  INVALID_SESSION_TIMEOUT: [
    26,
    'The session timeout is not within the range allowed by the broker (as configured by group.min.session.timeout.ms and group.max.session.timeout.ms)',
  ],
  REBALANCE_IN_PROGRESS: [27, 'The group is rebalancing, so a rejoin is needed'],
  INVALID_COMMIT_OFFSET_SIZE: [28, 'The committing offset data size is not valid'],
  TOPIC_AUTHORIZATION_FAILED: [29, 'Not authorized to access topics: [Topic authorization failed]'],
  GROUP_AUTHORIZATION_FAILED: [30, 'Not authorized to access group: Group authorization failed'],
  CLUSTER_AUTHORIZATION_FAILED: [31, 'Cluster authorization failed'],
  INVALID_TIMESTAMP: [32, 'The timestamp of the message is out of acceptable range'],
  UNSUPPORTED_SASL_MECHANISM: [33, 'The broker does not support the requested SASL mechanism'],
  ILLEGAL_SASL_STATE: [34, 'Request is not valid given the current SASL state'],
  UNSUPPORTED_VERSION: [35, 'The version of API is not supported'],
  TOPIC_ALREADY_EXISTS: [36, 'Topic with this name already exists'],
  INVALID_PARTITIONS: [37, 'Number of partitions is invalid'],
  INVALID_REPLICATION_FACTOR: [38, 'Replication-factor is invalid'],
  INVALID_REPLICA_ASSIGNMENT: [39, 'Replica assignment is invalid'],
  INVALID_CONFIG: [40, 'Configuration is invalid'],
  NOT_CONTROLLER: [41, 'This is not the correct controller for this cluster'],
  INVALID_REQUEST: [
    42,
    'This most likely occurs because of a request being malformed by the client library or the message was sent to an incompatible broker. See the broker logs for more details',
  ],
  UNSUPPORTED_FOR_MESSAGE_FORMAT: [43, 'The message format version on the broker does not support the request'],
  POLICY_VIOLATION: [44, 'Request parameters do not satisfy the configured policy'],
  OUT_OF_ORDER_SEQUENCE_NUMBER: [45, 'The broker received an out of order sequence number'],
  DUPLICATE_SEQUENCE_NUMBER: [46, 'The broker received a duplicate sequence number'],
  INVALID_PRODUCER_EPOCH: [
    47,
    "Producer attempted an operation with an old epoch. Either there is a newer producer with the same transactionalId, or the producer's transaction has been expired by the broker",
  ],
  INVALID_TXN_STATE: [48, 'The producer attempted a transactional operation in an invalid state'],
  INVALID_PRODUCER_ID_MAPPING: [
    49,
    'The producer attempted to use a producer id which is not currently assigned to its transactional id',
  ],
  INVALID_TRANSACTION_TIMEOUT: [
    50,
    'The transaction timeout is larger than the maximum value allowed by the broker (as configured by max.transaction.timeout.ms)',
  ],
  CONCURRENT_TRANSACTIONS: [
    51,
    'The producer attempted to update a transaction while another concurrent operation on the same transaction was ongoing',
  ],
  TRANSACTION_COORDINATOR_FENCED: [
    52,
    'Indicates that the transaction coordinator sending a WriteTxnMarker is no longer the current coordinator for a given producer',
  ],
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: [53, 'Transactional Id authorization failed'],
  SECURITY_DISABLED: [54, 'Security features are disabled'],
  OPERATION_NOT_ATTEMPTED: [
    55,
    'The broker did not attempt to execute this operation. This may happen for batched RPCs where some operations in the batch failed, causing the broker to respond without trying the rest',
  ],
  KAFKA_STORAGE_ERROR: [56, 'Disk error when trying to access log file on the disk'],
  LOG_DIR_NOT_FOUND: [57, 'The user-specified log directory is not found in the broker config'],
  SASL_AUTHENTICATION_FAILED: [58, 'SASL Authentication failed'],
  UNKNOWN_PRODUCER_ID: [
    59,
    "This exception is raised by the broker if it could not locate the producer metadata associated with the producerId in question. This could happen if, for instance, the producer's records were deleted because their retention time had elapsed. Once the last records of the producerId are removed, the producer's metadata is removed from the broker, and future appends by the producer will return this exception",
  ],
  REASSIGNMENT_IN_PROGRESS: [60, 'A partition reassignment is in progress'],
  DELEGATION_TOKEN_AUTH_DISABLED: [61, 'Delegation Token feature is not enabled'],
  DELEGATION_TOKEN_NOT_FOUND: [62, 'Delegation Token is not found on server'],
  DELEGATION_TOKEN_OWNER_MISMATCH: [63, 'Specified Principal is not valid Owner/Renewer'],
  DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: [
    64,
    'Delegation Token requests are not allowed on PLAINTEXT/1-way SSL channels and on delegation token authenticated channels',
  ],
  DELEGATION_TOKEN_AUTHORIZATION_FAILED: [65, 'Delegation Token authorization failed'],
  DELEGATION_TOKEN_EXPIRED: [66, 'Delegation Token is expired'],
  INVALID_PRINCIPAL_TYPE: [67, 'Supplied principalType is not supported'],
  NON_EMPTY_GROUP: [68, 'The group is not empty'],
  GROUP_ID_NOT_FOUND: [69, 'The group id was not found'],
  FETCH_SESSION_ID_NOT_FOUND: [70, 'The fetch session ID was not found'],
  INVALID_FETCH_SESSION_EPOCH: [71, 'The fetch session epoch is invalid'],
  LISTENER_NOT_FOUND: [
    72,
    'There is no listener on the leader broker that matches the listener on which metadata request was processed',
  ],
  TOPIC_DELETION_DISABLED: [73, 'Topic deletion is disabled'],
  FENCED_LEADER_EPOCH: [74, 'The leader epoch in the request is older than the epoch on the broker'],
  UNKNOWN_LEADER_EPOCH: [75, 'The leader epoch in the request is newer than the epoch on the broker'],
  UNSUPPORTED_COMPRESSION_TYPE: [76, 'The requesting client does not support the compression type of given partition'],
  STALE_BROKER_EPOCH: [77, 'Broker epoch has changed'],
  OFFSET_NOT_AVAILABLE: [
    78,
    'The leader high watermark has not caught up from a recent leader election so the offsets cannot be guaranteed to be monotonically increasing',
  ],
  MEMBER_ID_REQUIRED: [
    79,
    'The group member needs to have a valid member id before actually entering a consumer group',
  ],
  PREFERRED_LEADER_NOT_AVAILABLE: [80, 'The preferred leader was not available'],
  GROUP_MAX_SIZE_REACHED: [
    81,
    'The consumer group has reached its max size. It already has the configured maximum number of members',
  ],
  FENCED_INSTANCE_ID: [
    82,
    'The broker rejected this static consumer since another consumer with the same group instance id has registered with a different member id',
  ],
  ELIGIBLE_LEADERS_NOT_AVAILABLE: [83, 'Eligible topic partition leaders are not available'],
  ELECTION_NOT_NEEDED: [84, 'Leader election not needed for topic partition'],
  NO_REASSIGNMENT_IN_PROGRESS: [85, 'No partition reassignment is in progress'],
  GROUP_SUBSCRIBED_TO_TOPIC: [
    86,
    'Deleting offsets of a topic is forbidden while the consumer group is actively subscribed to it',
  ],
  INVALID_RECORD: [87, 'This record has failed the validation on broker and hence be rejected'],
  UNSTABLE_OFFSET_COMMIT: [88, 'There are unstable offsets that need to be cleared'],
  PRODUCER_FENCED: [90, ''],
  UNKNOWN_TOPIC_ID: [100, ''],
  TRANSACTIONAL_ID_NOT_FOUND: [105, ''],
  TRANSACTION_ABORTABLE: [120, ''],
} as const;

export type ErrorName = keyof typeof ERRORS;

/** The numbers by name. */
export const CODE = Object.fromEntries(Object.entries(ERRORS).map(([name, [code]]) => [name, code])) as {
  readonly [N in ErrorName]: (typeof ERRORS)[N][0];
};

const NAMES = new Map(Object.entries(ERRORS).map(([name, [code, text]]) => [code as number, { name, text }]));

/** The name of the error and what it means, for a message. */
export function describeCode(code: number): string {
  const known = NAMES.get(code);
  if (known === undefined) return `code ${code}`;
  return known.text === '' ? known.name : `${known.name} (${known.text})`;
}

export const codesOf = (...names: readonly ErrorName[]): ReadonlySet<number> =>
  new Set(names.map((name) => CODE[name]));

#include "worker/request/head.h"

namespace ssync {

RequestHead RequestHead::from_params(const FastCgiParams& param) {
  return {.method = param("REQUEST_METHOD").value_or(""),
          .uri = param("REQUEST_URI").value_or(""),
          .remote_addr = param("REMOTE_ADDR").value_or("-"),
          .transaction_id = param("HTTP_X_TRANS_ID").value_or("-"),
          .log_id = param("SSYNC_TRANS_ID").value_or(param("HTTP_X_TRANS_ID").value_or("")),
          .referer = param("HTTP_REFERER").value_or("-"),
          .user_agent = param("HTTP_USER_AGENT").value_or("-"),
          .policy_index = param("HTTP_X_BACKEND_STORAGE_POLICY_INDEX"),
          .frag_index = param("HTTP_X_BACKEND_SSYNC_FRAG_INDEX"),
          .tell_held = param("HTTP_X_BACKEND_SSYNC_TELL_HELD"),
          .list_follows = param("HTTP_X_BACKEND_SSYNC_LIST_FOLLOWS"),
          .partitions = param("HTTP_X_BACKEND_SSYNC_PARTITIONS"),
          .replication = param("HTTP_X_BACKEND_REPLICATION")};
}

}  // namespace ssync

# The native addon. Node-API only, so one binary serves every Node.js version.
#
#   node-gyp configure build                              release build
#   node-gyp configure -- -Dsanitize=address,undefined    with sanitizers, then node-gyp build; npm run test:sanitize does
#                                                         that in a directory of its own
{
  "variables": { "sanitize%": "none" },
  "targets": [
    {
      "target_name": "pgvip",
      "sources": [
        "native/addon.cc",
        "native/address.cc",
        "native/advert_signer.cc",
        "native/answer_gist.cc",
        "native/bpf.cc",
        "native/errno_name.cc",
        "native/expected_adverts.cc",
        "native/io_orders.cc",
        "native/io_sockets.cc",
        "native/io_thread.cc",
        "native/js_events.cc",
        "native/js_orders.cc",
        "native/netlink_socket.cc",
        "native/packet_socket.cc",
        "native/parse.cc",
        "native/process_exits.cc",
        "native/sd_notify.cc",
        "native/sha256.cc",
        "native/sock_diag.cc",
        "native/tcp_exchange.cc",
        "native/virtual_link.cc",
        "native/vrrp_socket.cc"
      ],
      "include_dirs": ["<!@(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_CPP_EXCEPTIONS"],
      "cflags!": ["-fno-exceptions"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti"],
      "cflags_cc": ["-std=c++17", "-fexceptions", "-Wall", "-Wextra", "-fvisibility=hidden"],
      "conditions": [
        [
          "sanitize!='none'",
          {
            # -O1 and frame pointers for reports that can be read; the first finding ends the process.
            "cflags_cc": ["-fsanitize=<(sanitize)", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-g", "-O1"],
            "ldflags": ["-fsanitize=<(sanitize)"]
          }
        ]
      ]
    }
  ]
}

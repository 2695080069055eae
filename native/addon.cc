// What the addon exports, and the life of the thread behind it. Node-API is known here and in js_*.cc only.
#include <napi.h>

#include <memory>

#include "io_thread.h"
#include "js_events.h"
#include "js_orders.h"
#include "sd_notify.h"

namespace {

class Engine : public Napi::ObjectWrap<Engine> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(
        env, "Engine",
        {InstanceMethod<&Engine::execute>("execute"), InstanceMethod<&Engine::close>("close"),
         InstanceMethod<&Engine::heard_at>("heardAtMs"), InstanceAccessor<&Engine::realtime>("realtime")});
  }

  // new Engine((events) => void)
  explicit Engine(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Engine>(info) {
    if (!info[0].IsFunction()) throw Napi::TypeError::New(info.Env(), "Engine wants a callback for events");
    wakeup_ = Napi::ThreadSafeFunction::New(info.Env(), info[0].As<Napi::Function>(), "pgvip events", 0, 1);
    const auto queue = std::make_shared<pgvip::EventQueue>([this] { wake(); });
    queue_ = queue;
    try {
      thread_ = std::make_unique<pgvip::IoThread>(queue);
    } catch (const pgvip::SyscallError& error) {
      wakeup_.Release();
      throw Napi::Error::New(info.Env(), error.what());
    }
    // Worker and process exit close too, so that the thread never outlives its environment.
    hook_ = info.Env().AddCleanupHook(&Engine::leave, this);
    hooked_ = true;
  }

  ~Engine() override { shut(); }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

 private:
  void wake() {
    wakeup_.NonBlockingCall([queue = queue_](Napi::Env env, Napi::Function callback) {
      const auto events = queue->take(pgvip::monotonic_ms());
      if (events.empty()) return;
      try {
        callback.Call({pgvip::events_to(env, events)});
      } catch (const Napi::Error& error) {
        // A bug in the agent: it ends as any uncaught exception ends it, instead of being swallowed here.
        napi_fatal_exception(env, error.Value());
      }
    });
  }

  void execute(const Napi::CallbackInfo& info) {
    auto orders = pgvip::orders_of(info[0]);
    if (thread_) thread_->execute(std::move(orders));
  }

  Napi::Value heard_at(const Napi::CallbackInfo& info) {
    const auto source = pgvip::parse_address(info[2].ToString());
    if (!thread_ || !source) return info.Env().Null();
    const auto router_id = static_cast<std::uint8_t>(info[1].ToNumber().Uint32Value());
    const auto heard_ms = thread_->heard_ms(info[0].ToNumber().Int32Value(), router_id, *source);
    return heard_ms ? Napi::Number::New(info.Env(), *heard_ms).As<Napi::Value>() : info.Env().Null();
  }

  void close(const Napi::CallbackInfo&) { shut(); }

  static void leave(Engine* engine) {
    engine->hooked_ = false;
    engine->shut();
  }

  Napi::Value realtime(const Napi::CallbackInfo& info) {
    return Napi::Boolean::New(info.Env(), thread_ && thread_->realtime());
  }

  void shut() {
    if (!thread_) return;
    thread_->close();
    thread_.reset();
    wakeup_.Release();
    // A hook that is just running must not be removed.
    if (hooked_) hook_.Remove(Env());
    hooked_ = false;
  }

  Napi::ThreadSafeFunction wakeup_;
  std::shared_ptr<pgvip::EventQueue> queue_;
  std::unique_ptr<pgvip::IoThread> thread_;
  Napi::Env::CleanupHook<void (*)(Engine*), Engine> hook_;
  bool hooked_ = false;
};

Napi::Value notify_systemd(const Napi::CallbackInfo& info) {
  try {
    return Napi::Boolean::New(info.Env(), pgvip::sd_notify(info[0].ToString()));
  } catch (const pgvip::SyscallError& error) {
    throw Napi::Error::New(info.Env(), error.what());
  }
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("Engine", Engine::define(env));
  exports.Set("notifySystemd", Napi::Function::New(env, notify_systemd));
  exports.Set("napiVersion", NAPI_VERSION);
  return exports;
}

}  // namespace

NODE_API_MODULE(pgvip, init)

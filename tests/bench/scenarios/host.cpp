#include "scenarios/host.hpp"

#include <algorithm>
#include <stdexcept>

namespace hookline::bench {
namespace {

constexpr std::size_t kMostInBatch = 1000;

std::string group_name(std::size_t number) { return "group-" + std::to_string(number); }

Import sample_import() {
  Import import;
  import.id = timed_id();
  import.filename = "contacts.csv";
  import.user = User{"user-123", "Jasmine Clark", "jclark@acme.com", {}, {}};
  import.created_date = std::chrono::system_clock::now();
  import.num_data_rows = 433;
  import.has_data = true;
  return import;
}

/// Makes the body of an import this long.
std::string padding_for(std::size_t bytes) {
  const Import import = sample_import();
  const std::size_t size = checked(PayloadBuilder().managed(import)).size();
  return std::string(bytes > size ? bytes - size : 0, 'x');
}

}  // namespace

AddressPolicy loopback_policy() {
  AddressPolicyOptions options;
  options.allow_http = true;
  options.allow_cidrs = {"127.0.0.0/8"};
  return checked(AddressPolicy::create(options));
}

Import import_of(const HostPlan& plan) {
  Import import = sample_import();
  *import.filename += padding_for(plan.body);
  return import;
}

std::string body_of(std::size_t bytes) {
  HostPlan plan;
  plan.body = bytes;
  return checked(PayloadBuilder().managed(import_of(plan)));
}

Host::Host(const Settings& settings, HostPlan plan)
    : plan_(std::move(plan)), padding_(padding_for(plan_.body)) {
  if (plan_.window == 0) plan_.window = 4 * plan_.in_flight;
  registry_ = std::make_unique<WebhookRegistry>(loopback_policy());
  add_webhooks();
  open_store(settings);
  DispatcherOptions options;
  options.store = store_;
  options.deliver = plan_.deliver;
  options.max_in_flight = plan_.in_flight;
  options.max_in_flight_per_webhook = plan_.per_webhook;
  options.request_timeout = plan_.timeout;
  options.transport = plan_.other_transport;
  if (!options.transport) options.transport = checked(CurlTransport::create(plan_.transport));
  if (plan_.adjust) plan_.adjust(options);
  dispatcher_ = checked(Dispatcher::create(*registry_, options));
}

Host::~Host() = default;

void Host::add_webhooks() {
  for (std::size_t i = 0; i < plan_.webhooks; ++i) {
    Webhook webhook;
    webhook.id = "webhook-" + std::to_string(i);
    webhook.url = plan_.url;
    if (const auto place = webhook.url.find("{}"); place != std::string::npos) {
      webhook.url.replace(place, 2, std::to_string(i));
    }
    webhook.import_identifiers = {group_name(i / plan_.fan_out)};
    webhook.secrets = {Secret(kSecret)};
    checked(registry_->add(std::move(webhook)));
  }
  if (plan_.paused_webhook.empty()) return;
  Webhook paused;
  paused.id = plan_.paused_webhook;
  paused.url = "http://127.0.0.1:1024/";
  paused.import_identifiers = {"nothing"};
  paused.state = WebhookState::paused;
  checked(registry_->add(std::move(paused)));
}

void Host::open_store(const Settings& settings) {
  if (plan_.store == HostPlan::Store::memory) {
    store_ = std::make_shared<WatchedStore>(std::make_shared<MemoryStore>());
    return;
  }
  if (plan_.store_file.empty()) temporary_.emplace(settings.folder);
  SqliteStoreOptions options;
  file_ = options.path = temporary_ ? temporary_->path() : plan_.store_file;
  store_ = std::make_shared<WatchedStore>(checked(SqliteStore::open(options)));
}

Import Host::import_for(std::size_t number) const {
  Import import = sample_import();
  *import.filename += padding_;
  import.import_identifier = group_name(number % (plan_.webhooks / plan_.fan_out));
  return import;
}

void Host::dispatch(const Import& import) { checked(dispatcher_->dispatch(import)); }

void Host::work(Steady::duration time) {
  const auto end = Steady::now() + time;
  while (Steady::now() < end) {
    const std::uint64_t recorded = store_->recorded();
    const std::uint64_t under_way = dispatched - recorded;
    // By quarters, so that neither side has to wait for every single delivery of the other.
    if (under_way * 4 > plan_.window * 3) {
      store_->wait_for_more(recorded, std::chrono::milliseconds(50));
    } else {
      refill(std::max<std::size_t>((plan_.window - under_way) / plan_.fan_out, 1));
    }
  }
}

void Host::refill(std::size_t count) {
  count = std::min(count, kMostInBatch);
  dispatched += count * plan_.fan_out;
  if (plan_.store == HostPlan::Store::memory || count == 1) {
    for (; count > 0; --count) dispatch(import_for(next_++));
    return;
  }
  std::vector<Import> imports;
  for (; count > 0; --count) imports.push_back(import_for(next_++));
  for (auto& receipt : dispatcher_->dispatch_batch(imports)) checked(std::move(receipt));
}

Figures Host::measure() {
  const std::chrono::duration<double> time(plan_.seconds);
  work(std::chrono::duration_cast<Steady::duration>(time / 4));
  static_cast<void>(store_->take_latencies());
  const std::uint64_t before = store_->recorded();
  const Meter meter;
  work(std::chrono::duration_cast<Steady::duration>(time));
  Figures figures;
  meter.add_to(figures, store_->recorded() - before);
  store_->take_latencies().add_to(figures);
  dispatcher_->shutdown(std::chrono::seconds(5));
  if (!plan_.may_fail && store_->failures() > 0)
    throw std::runtime_error("hookline: deliveries have failed");
  return figures;
}

Side hookline_side(const Settings& settings, HostPlan plan) {
  return {"hookline", [=] { return Host(settings, plan).measure(); }};
}

BarePlan bare_plan(const HostPlan& plan) {
  return {plan.url, plan.transport.ca_file, body_of(plan.body), plan.in_flight, plan.seconds};
}

Side bare_side(const Settings& /*settings*/, const HostPlan& plan) {
  return {"bare", [bare = bare_plan(plan)] { return run_bare(bare); }};
}

}  // namespace hookline::bench

using Platform.Scheduler;
using Platform.Scheduler.Persistence;
using Platform.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("scheduler");
builder.AddScheduler();

var app = builder.Build();
app.MapServiceDefaults();
app.MapScheduler();
await app.RunServiceAsync<SchedulerDbContext>(args);

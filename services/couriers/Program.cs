using Platform.Couriers;
using Platform.Couriers.Persistence;
using Platform.Files.Engine;
using Platform.ServiceDefaults;

if (await EngineHost.RunIfChildAsync(args))
{
    return;
}

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("couriers");
builder.AddCouriers();

var app = builder.Build();
app.MapServiceDefaults();
app.MapCouriers();
await app.RunServiceAsync<CouriersDbContext>(args);

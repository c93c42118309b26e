using Platform.OptimizelyBrevo;
using Platform.OptimizelyBrevo.Persistence;
using Platform.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("optimizely-brevo");
builder.AddOptimizelyBrevo();

var app = builder.Build();
app.MapServiceDefaults();
app.MapOptimizelyBrevo();
await app.RunServiceAsync<OptimizelyBrevoDbContext>(args);

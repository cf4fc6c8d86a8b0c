PRAGMA application_id = 1212240457;
PRAGMA user_version = 5;
BEGIN TRANSACTION;
CREATE TABLE alert_log (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	alert_id BIGINT NOT NULL, 
	at_us BIGINT NOT NULL, 
	change VARCHAR(16) NOT NULL, 
	person TEXT NOT NULL, 
	note TEXT NOT NULL
);
INSERT INTO "alert_log" VALUES(1,7,1764007200000000,'raised','','');
INSERT INTO "alert_log" VALUES(2,7,1764007260000000,'acknowledged','Asha','pump is off');
CREATE TABLE alerts (
	id INTEGER NOT NULL, 
	rule_id VARCHAR(64) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	severity VARCHAR(16) NOT NULL, 
	publisher_id VARCHAR(64) NOT NULL, 
	channel VARCHAR(32) NOT NULL, 
	code VARCHAR(64) NOT NULL, 
	params TEXT NOT NULL, 
	value REAL, 
	"limit" REAL, 
	worst REAL, 
	raised_us BIGINT NOT NULL, 
	ended_us BIGINT, 
	acknowledged_us BIGINT, 
	acknowledged_by TEXT NOT NULL, 
	seen_us BIGINT, 
	muted_until_us BIGINT, 
	note TEXT NOT NULL, 
	flood INTEGER NOT NULL, 
	told_us BIGINT, 
	flood_id BIGINT, 
	PRIMARY KEY (id)
);
INSERT INTO "alerts" VALUES(7,'moisture','range','critical','probe','Moisture','value.low','{}',24.5,30.0,21.25,1764007140000000,NULL,1764007260000000,'Asha',NULL,1764010860000000,'pump is off',0,1764007200000000,NULL);
INSERT INTO "alerts" VALUES(8,'silent','silent','warning','sim','','device.silent','{"after_s": 30.0}',NULL,NULL,NULL,1764007140000000,1764007200000000,NULL,'',NULL,NULL,'',0,NULL,6);
CREATE TABLE api_rows (
	row_key BLOB NOT NULL, 
	publisher_id VARCHAR(64), 
	time_us BIGINT NOT NULL, 
	alike BLOB NOT NULL, 
	reading_id BIGINT NOT NULL, 
	distance_us BIGINT, 
	message_id BIGINT NOT NULL, 
	seen_us BIGINT NOT NULL, 
	PRIMARY KEY (row_key)
)
 WITHOUT ROWID

;
INSERT INTO "api_rows" VALUES(X'0006445965258600501A47419C9B9650F5082F2BD9E3FD1666E449828186B877',NULL,1764000600000000,X'6E929C3298F283FCB8F795D309635B87',21,2000000,23,1764000600000005);
INSERT INTO "api_rows" VALUES(X'000644596B1B6700FAED21FC37BE4F10F5717F45F62BFD42977E1EA6E5768318',NULL,1764000700000000,X'E7E0DB189A6CA6CBBA30E799B372772C',24,2000000,23,1764000700000005);
INSERT INTO "api_rows" VALUES(X'0006445971114800252AE3D4E369EA08E8A205380E303306D5C28B661DE1FB85',NULL,1764000800000000,X'96C3C73285032386768AF048DC7FC548',23,NULL,23,1764000800000005);
CREATE TABLE baselines (
	publisher_id VARCHAR(64) NOT NULL, 
	last_us BIGINT NOT NULL, 
	state BLOB NOT NULL, 
	PRIMARY KEY (publisher_id)
);
INSERT INTO "baselines" VALUES('probe',1764007200000005,X'01737461746500');
INSERT INTO "baselines" VALUES('sim',1764000085000005,X'78');
CREATE TABLE calibrations (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	publisher_id VARCHAR(64) NOT NULL, 
	channel VARCHAR(32) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	at_us BIGINT NOT NULL, 
	points TEXT NOT NULL, 
	entered_us BIGINT NOT NULL, 
	note TEXT NOT NULL
);
INSERT INTO "calibrations" VALUES(1,'probe','Moisture','two_point',1764007200000000,'[[12.0, 0.0], [61.5, 45.0]]',1764007200000000,'dry and soaked');
INSERT INTO "calibrations" VALUES(2,'probe','pH','laboratory',1764007200000000,'[[7.2, 6.9]]',1764007200000000,'');
CREATE TABLE chart_notes (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	publisher_id VARCHAR(64) NOT NULL, 
	at_us BIGINT NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	text TEXT NOT NULL, 
	entered_us BIGINT NOT NULL
);
INSERT INTO "chart_notes" VALUES(1,'',1764007000000000,'irrigation','25 mm, पश्चिम',1764007100000000);
INSERT INTO "chart_notes" VALUES(2,'probe',1764007200000000,'lab','sample 12',1764007300000000);
CREATE TABLE counters (
	name VARCHAR(32) NOT NULL, 
	value BIGINT NOT NULL, 
	PRIMARY KEY (name)
)
 WITHOUT ROWID

;
INSERT INTO "counters" VALUES('last_reading_id',28);
INSERT INTO "counters" VALUES('log_bytes',922);
INSERT INTO "counters" VALUES('log_rows',32);
INSERT INTO "counters" VALUES('next_message_id',33);
INSERT INTO "counters" VALUES('next_rejected_id',3);
INSERT INTO "counters" VALUES('readings',26);
INSERT INTO "counters" VALUES('rejected_bytes',104);
INSERT INTO "counters" VALUES('rejected_rows',2);
INSERT INTO "counters" VALUES('rejected_total',2);
INSERT INTO "counters" VALUES('simulated_readings',6);
CREATE TABLE cursors (
	name TEXT NOT NULL, 
	last_id BIGINT NOT NULL, 
	PRIMARY KEY (name)
)
 WITHOUT ROWID

;
INSERT INTO "cursors" VALUES('baseline',25);
INSERT INTO "cursors" VALUES('server:0123456789abcdef0123456789abcdef',5);
CREATE TABLE device_records (
	publisher_id VARCHAR(64) NOT NULL, 
	name TEXT NOT NULL, 
	zone TEXT NOT NULL, 
	hidden BOOLEAN NOT NULL, 
	position INTEGER, 
	PRIMARY KEY (publisher_id)
);
INSERT INTO "device_records" VALUES('probe','Field न 1','north',0,2);
INSERT INTO "device_records" VALUES('sim','','',1,NULL);
CREATE TABLE devices (
	publisher_id VARCHAR(64) NOT NULL, 
	first_us BIGINT NOT NULL, 
	last_us BIGINT NOT NULL, 
	last_received_us BIGINT NOT NULL, 
	reading_count BIGINT NOT NULL, 
	simulated_count BIGINT NOT NULL, 
	PRIMARY KEY (publisher_id)
)
 WITHOUT ROWID

;
INSERT INTO "devices" VALUES('api',1764000800000000,1764000800000000,1764000800000005,1,0);
INSERT INTO "devices" VALUES('esp',1764003003000000,1764003003000000,1764003003000005,1,0);
INSERT INTO "devices" VALUES('probe',1764000000000000,1764007200000000,1764007200000005,16,0);
INSERT INTO "devices" VALUES('probe b',1764003002000000,1764003002000000,1764003002000005,1,0);
INSERT INTO "devices" VALUES('sim',1764000000000000,1764000085000000,1764000085000005,6,6);
INSERT INTO "devices" VALUES('क्षेत्र 2',1764006800000000,1764006800000000,1764006800000005,1,0);
CREATE TABLE message_log (
	id INTEGER NOT NULL, 
	received_us BIGINT NOT NULL, 
	origin VARCHAR(16) NOT NULL, 
	topic TEXT NOT NULL, 
	publisher_id VARCHAR(64) NOT NULL, 
	qos SMALLINT NOT NULL, 
	retained BOOLEAN NOT NULL, 
	simulated BOOLEAN NOT NULL, 
	outcome VARCHAR(16) NOT NULL, 
	reason_code VARCHAR(64), 
	reason_params TEXT, 
	size_bytes INTEGER NOT NULL, 
	kept_bytes INTEGER NOT NULL, 
	reading_id BIGINT, 
	rejected_id BIGINT, 
	payload BLOB, 
	PRIMARY KEY (id)
);
INSERT INTO "message_log" VALUES(1,1764000000000005,'mqtt','harit-samarth/sensor/data','probe',1,0,0,'stored',NULL,NULL,7,32,1,NULL,X'7B226E223A307D');
INSERT INTO "message_log" VALUES(2,1764000017000005,'mqtt','harit-samarth/sensor/data','probe',1,0,0,'stored',NULL,NULL,7,32,2,NULL,X'7B226E223A317D');
INSERT INTO "message_log" VALUES(3,1764000034000005,'mqtt','harit-samarth/sensor/data','probe',1,0,0,'stored',NULL,NULL,7,32,3,NULL,X'7B226E223A327D');
INSERT INTO "message_log" VALUES(4,1764000051000005,'mqtt','harit-samarth/sensor/data','probe',1,0,0,'stored',NULL,NULL,7,32,4,NULL,X'7B226E223A337D');
INSERT INTO "message_log" VALUES(5,1764000068000005,'mqtt','harit-samarth/sensor/data','probe',1,0,0,'stored',NULL,NULL,7,32,5,NULL,X'7B226E223A347D');
INSERT INTO "message_log" VALUES(6,1764000085000005,'mqtt','harit-samarth/sensor/data','probe',1,0,0,'stored',NULL,NULL,7,32,6,NULL,X'7B226E223A357D');
INSERT INTO "message_log" VALUES(7,1764000102000005,'mqtt','harit-samarth/sensor/data','probe',1,0,0,'stored',NULL,NULL,7,32,7,NULL,X'7B226E223A367D');
INSERT INTO "message_log" VALUES(8,1764000119000005,'mqtt','harit-samarth/sensor/data','probe',1,0,0,'stored',NULL,NULL,7,32,8,NULL,X'7B226E223A377D');
INSERT INTO "message_log" VALUES(9,1764000136000005,'mqtt','harit-samarth/sensor/data','probe',1,0,0,'stored',NULL,NULL,7,32,9,NULL,X'7B226E223A387D');
INSERT INTO "message_log" VALUES(10,1764000153000005,'mqtt','harit-samarth/sensor/data','probe',1,0,0,'stored',NULL,NULL,7,32,10,NULL,X'7B226E223A397D');
INSERT INTO "message_log" VALUES(11,1764000170000005,'mqtt','harit-samarth/sensor/data','probe',1,0,0,'stored',NULL,NULL,8,33,11,NULL,X'7B226E223A31307D');
INSERT INTO "message_log" VALUES(12,1764000187000005,'mqtt','harit-samarth/sensor/data','probe',1,0,0,'stored',NULL,NULL,8,33,12,NULL,X'7B226E223A31317D');
INSERT INTO "message_log" VALUES(13,1764000000000003,'mqtt','harit-samarth/sensor/data','',1,0,0,'rejected','not_json','{"position": 3}',1,46,NULL,1,NULL);
INSERT INTO "message_log" VALUES(14,1764000034000005,'mqtt','harit-samarth/sensor/data','probe',1,0,0,'duplicate',NULL,NULL,7,32,3,NULL,X'7B226E223A327D');
INSERT INTO "message_log" VALUES(15,1764000000000005,'mqtt','harit-samarth/sensor/data','sim',1,0,1,'stored',NULL,NULL,7,32,14,NULL,X'7B226E223A307D');
INSERT INTO "message_log" VALUES(16,1764000017000005,'mqtt','harit-samarth/sensor/data','sim',1,0,1,'stored',NULL,NULL,7,32,15,NULL,X'7B226E223A317D');
INSERT INTO "message_log" VALUES(17,1764000034000005,'mqtt','harit-samarth/sensor/data','sim',1,0,1,'stored',NULL,NULL,7,32,16,NULL,X'7B226E223A327D');
INSERT INTO "message_log" VALUES(18,1764000051000005,'mqtt','harit-samarth/sensor/data','sim',1,0,1,'stored',NULL,NULL,7,32,17,NULL,X'7B226E223A337D');
INSERT INTO "message_log" VALUES(19,1764000068000005,'mqtt','harit-samarth/sensor/data','sim',1,0,1,'stored',NULL,NULL,7,32,18,NULL,X'7B226E223A347D');
INSERT INTO "message_log" VALUES(20,1764000085000005,'mqtt','harit-samarth/sensor/data','sim',1,0,1,'stored',NULL,NULL,7,32,19,NULL,X'7B226E223A357D');
INSERT INTO "message_log" VALUES(21,1764006800000005,'mqtt','harit-samarth/sensor/data','क्षेत्र 2',1,0,0,'stored',NULL,NULL,9,34,20,NULL,X'7B226E223A3430307D');
INSERT INTO "message_log" VALUES(22,1764000598000000,'mqtt','harit-samarth/sensor/data','probe',1,0,0,'stored',NULL,NULL,2,27,21,NULL,X'7B7D');
INSERT INTO "message_log" VALUES(23,1764000600000005,'api','api/history','probe',1,0,0,'duplicate',NULL,NULL,2,13,21,NULL,X'7B7D');
INSERT INTO "message_log" VALUES(24,1764000700000005,'api','api/history','api',1,0,0,'stored',NULL,NULL,2,13,24,NULL,X'7B7D');
INSERT INTO "message_log" VALUES(25,1764000800000005,'api','api/history','api',1,0,0,'stored',NULL,NULL,2,13,23,NULL,X'7B7D');
INSERT INTO "message_log" VALUES(26,1764000698000000,'mqtt','harit-samarth/sensor/data','probe',1,0,0,'stored',NULL,NULL,2,27,24,NULL,X'7B7D');
INSERT INTO "message_log" VALUES(27,1764007200000005,'mqtt','harit-samarth/sensor/data','probe',1,0,0,'stored',NULL,NULL,2,27,25,NULL,X'7B7D');
INSERT INTO "message_log" VALUES(28,1764003000000005,'mqtt','gw/soil','probe',1,0,0,'stored',NULL,NULL,16,23,26,NULL,X'7B2274776F223A2270726F626573227D');
INSERT INTO "message_log" VALUES(29,1764003000000005,'mqtt','gw/soil','probe b',1,0,0,'stored',NULL,NULL,16,23,27,NULL,X'7B2274776F223A2270726F626573227D');
INSERT INTO "message_log" VALUES(30,1764003100000005,'mqtt','esp/n','esp',1,0,0,'stored',NULL,NULL,4,9,28,NULL,X'32312E30');
INSERT INTO "message_log" VALUES(31,1764003100000006,'mqtt','esp/ec','esp',1,0,0,'merged',NULL,NULL,3,9,28,NULL,X'373030');
INSERT INTO "message_log" VALUES(32,1764000000000009,'mqtt','harit-samarth/sensor/data','',1,0,0,'rejected','not_mapped','{"position": 9}',9,48,NULL,2,NULL);
CREATE TABLE quality_events (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	publisher_id VARCHAR(64) NOT NULL, 
	kind VARCHAR(64) NOT NULL, 
	code VARCHAR(64) NOT NULL, 
	flag SMALLINT NOT NULL, 
	channels TEXT NOT NULL, 
	first_us BIGINT NOT NULL, 
	onset_us BIGINT NOT NULL, 
	at_us BIGINT NOT NULL, 
	cleared_us BIGINT, 
	count INTEGER NOT NULL, 
	value REAL, 
	"limit" REAL
);
INSERT INTO "quality_events" VALUES(1,'probe','spike','spike.returned',3,'["Moisture"]',1764007200000000,1764007200000000,1764007200000000,NULL,1,54.8,NULL);
INSERT INTO "quality_events" VALUES(2,'probe','range','range.impossible',3,'["Temperature", "CO2"]',1764006200000000,1764006200000000,1764007200000000,1764007200000000,2,85.0,60.0);
CREATE TABLE reading_extras (
	reading_id BIGINT NOT NULL, 
	"key" VARCHAR(32) NOT NULL, 
	value REAL NOT NULL, 
	PRIMARY KEY (reading_id, "key")
)
 WITHOUT ROWID

;
INSERT INTO "reading_extras" VALUES(26,'Battery',87.0);
INSERT INTO "reading_extras" VALUES(26,'EC',512.5);
INSERT INTO "reading_extras" VALUES(28,'EC',700.0);
CREATE TABLE recording_log (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind VARCHAR(16) NOT NULL, 
	from_us BIGINT NOT NULL, 
	until_us BIGINT NOT NULL
);
INSERT INTO "recording_log" VALUES(1,'run',1764000000000000,1764007200000000);
INSERT INTO "recording_log" VALUES(2,'broker_down',1764003000000000,1764003600000000);
CREATE TABLE rejected_messages (
	id INTEGER NOT NULL, 
	received_us BIGINT NOT NULL, 
	topic TEXT NOT NULL, 
	publisher_id VARCHAR(64), 
	reason_code VARCHAR(64) NOT NULL, 
	reason TEXT NOT NULL, 
	kept_bytes INTEGER NOT NULL, 
	payload BLOB NOT NULL, 
	origin VARCHAR(16), 
	retained BOOLEAN, 
	part INTEGER, 
	PRIMARY KEY (id)
);
INSERT INTO "rejected_messages" VALUES(1,1764000000000003,'harit-samarth/sensor/data',NULL,'not_json','not_json (position=3)',47,X'7B','mqtt',0,NULL);
INSERT INTO "rejected_messages" VALUES(2,1764000000000009,'harit-samarth/sensor/data',NULL,'not_mapped','not_mapped (position=9)',57,X'7B226F6464223A317D','mqtt',0,0);
CREATE TABLE rollups_hour (
	publisher_id VARCHAR(64) NOT NULL, 
	start_us BIGINT NOT NULL, 
	reading_count BIGINT NOT NULL, 
	offset_sum_us BIGINT NOT NULL, 
	index_count BIGINT NOT NULL, 
	index_sum BIGINT NOT NULL, 
	"count_N" BIGINT NOT NULL, 
	"sum_N" REAL NOT NULL, 
	"low_N" REAL, 
	"high_N" REAL, 
	"worst_N" SMALLINT NOT NULL, 
	"count_P" BIGINT NOT NULL, 
	"sum_P" REAL NOT NULL, 
	"low_P" REAL, 
	"high_P" REAL, 
	"worst_P" SMALLINT NOT NULL, 
	"count_K" BIGINT NOT NULL, 
	"sum_K" REAL NOT NULL, 
	"low_K" REAL, 
	"high_K" REAL, 
	"worst_K" SMALLINT NOT NULL, 
	"count_CO2" BIGINT NOT NULL, 
	"sum_CO2" REAL NOT NULL, 
	"low_CO2" REAL, 
	"high_CO2" REAL, 
	"worst_CO2" SMALLINT NOT NULL, 
	count_temperature BIGINT NOT NULL, 
	sum_temperature REAL NOT NULL, 
	low_temperature REAL, 
	high_temperature REAL, 
	worst_temperature SMALLINT NOT NULL, 
	count_moisture BIGINT NOT NULL, 
	sum_moisture REAL NOT NULL, 
	low_moisture REAL, 
	high_moisture REAL, 
	worst_moisture SMALLINT NOT NULL, 
	"count_pH" BIGINT NOT NULL, 
	"sum_pH" REAL NOT NULL, 
	"low_pH" REAL, 
	"high_pH" REAL, 
	"worst_pH" SMALLINT NOT NULL, 
	PRIMARY KEY (publisher_id, start_us)
)
 WITHOUT ROWID

;
CREATE TABLE rollups_minute (
	publisher_id VARCHAR(64) NOT NULL, 
	start_us BIGINT NOT NULL, 
	reading_count BIGINT NOT NULL, 
	offset_sum_us BIGINT NOT NULL, 
	index_count BIGINT NOT NULL, 
	index_sum BIGINT NOT NULL, 
	"count_N" BIGINT NOT NULL, 
	"sum_N" REAL NOT NULL, 
	"low_N" REAL, 
	"high_N" REAL, 
	"worst_N" SMALLINT NOT NULL, 
	"count_P" BIGINT NOT NULL, 
	"sum_P" REAL NOT NULL, 
	"low_P" REAL, 
	"high_P" REAL, 
	"worst_P" SMALLINT NOT NULL, 
	"count_K" BIGINT NOT NULL, 
	"sum_K" REAL NOT NULL, 
	"low_K" REAL, 
	"high_K" REAL, 
	"worst_K" SMALLINT NOT NULL, 
	"count_CO2" BIGINT NOT NULL, 
	"sum_CO2" REAL NOT NULL, 
	"low_CO2" REAL, 
	"high_CO2" REAL, 
	"worst_CO2" SMALLINT NOT NULL, 
	count_temperature BIGINT NOT NULL, 
	sum_temperature REAL NOT NULL, 
	low_temperature REAL, 
	high_temperature REAL, 
	worst_temperature SMALLINT NOT NULL, 
	count_moisture BIGINT NOT NULL, 
	sum_moisture REAL NOT NULL, 
	low_moisture REAL, 
	high_moisture REAL, 
	worst_moisture SMALLINT NOT NULL, 
	"count_pH" BIGINT NOT NULL, 
	"sum_pH" REAL NOT NULL, 
	"low_pH" REAL, 
	"high_pH" REAL, 
	"worst_pH" SMALLINT NOT NULL, 
	PRIMARY KEY (publisher_id, start_us)
)
 WITHOUT ROWID

;
CREATE TABLE sensor_readings (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	timestamp VARCHAR(32) NOT NULL, 
	"N" REAL, 
	"P" REAL, 
	"K" REAL, 
	"CO2" REAL, 
	temperature REAL, 
	moisture REAL, 
	"pH" REAL, 
	health_index INTEGER, 
	health_status VARCHAR(20) NOT NULL, 
	is_anomalous BOOLEAN NOT NULL, 
	anomaly_score REAL NOT NULL, 
	critical_factors TEXT NOT NULL, 
	publisher_id VARCHAR(64) NOT NULL, 
	timestamp_us BIGINT NOT NULL, 
	received_us BIGINT NOT NULL, 
	source VARCHAR(16) NOT NULL, 
	reading_key BLOB NOT NULL, 
	"quality_N" SMALLINT NOT NULL, 
	"quality_P" SMALLINT NOT NULL, 
	"quality_K" SMALLINT NOT NULL, 
	"quality_CO2" SMALLINT NOT NULL, 
	quality_temperature SMALLINT NOT NULL, 
	quality_moisture SMALLINT NOT NULL, 
	"quality_pH" SMALLINT NOT NULL, 
	sent_timestamp TEXT, 
	time_source VARCHAR(16) NOT NULL, 
	topic TEXT NOT NULL, 
	retained BOOLEAN NOT NULL, 
	message_id VARCHAR(64), 
	profile VARCHAR(64) NOT NULL, 
	quality_reasons TEXT
);
INSERT INTO "sensor_readings" VALUES(1,'2025-11-24T16:00:00.000000+00:00',20.0,17.8,152.3,498.2,22.1,54.8,6.0,40,'Good',0,0.25,'[]','probe',1764000000000000,1764000000000005,'mqtt',X'204A5C029F9BF4070A9FF6EC3299275ABEDBFF2DAE94C2895F001F8FB1118CF5',1,1,1,3,1,1,1,'as sent','sent','harit-samarth/sensor/data',0,NULL,'classic',NULL);
INSERT INTO "sensor_readings" VALUES(2,'2025-11-24T16:00:17.000000+00:00',21.0,17.8,152.3,498.2,22.1,54.8,NULL,41,'Good',1,0.25,'["CO2"]','probe',1764000017000000,1764000017000005,'mqtt',X'1DB79519BEF736B1B4055CDCEEF05B9E06D8E0C2D966DF58C26F092BD2BB0393',1,1,1,1,1,1,9,'as sent','sent','harit-samarth/sensor/data',0,NULL,'classic',NULL);
INSERT INTO "sensor_readings" VALUES(3,'2025-11-24T16:00:34.000000+00:00',22.0,17.8,152.3,498.2,22.1,54.8,6.2,NULL,'Unknown',1,0.25,'["CO2"]','probe',1764000034000000,1764000034000005,'mqtt',X'9C262ADCEDD781281A3ABF151070F2CF5965D633AAEE83DC0125AECD1723C7BE',1,1,1,1,1,1,1,'as sent','sent','harit-samarth/sensor/data',0,NULL,'classic',NULL);
INSERT INTO "sensor_readings" VALUES(4,'2025-11-24T16:00:51.000000+00:00',-5.0,17.8,152.3,498.2,22.1,54.8,6.3,43,'Good',0,0.25,'[]','probe',1764000051000000,1764000051000005,'mqtt',X'305F22C798849AEFAE6E334301046EC75DC88B695086D96741947D817D47EE96',4,1,1,1,1,1,1,'as sent','sent','harit-samarth/sensor/data',0,NULL,'classic',NULL);
INSERT INTO "sensor_readings" VALUES(5,'2025-11-24T16:01:08.000000+00:00',24.0,17.8,152.3,498.2,22.1,54.8,6.4,44,'Good',1,0.25,'["CO2"]','probe',1764000068000000,1764000068000005,'mqtt',X'B765E6CD8C936B76C2EA5BB67FC6BAC6F370A4DB2F0652C27CF5C0C75CF12BFD',1,1,1,1,1,1,1,'as sent','sent','harit-samarth/sensor/data',0,NULL,'classic',NULL);
INSERT INTO "sensor_readings" VALUES(6,'2025-11-24T16:01:25.000000+00:00',25.0,17.8,152.3,498.2,22.1,54.8,NULL,45,'Good',1,0.25,'["CO2"]','probe',1764000085000000,1764000085000005,'mqtt',X'DBF4AFCEC959D2ED7CA4C1FE738ED22F1B2FFFD615456CBECFB3DABFA77DAD87',1,1,1,3,1,1,9,'as sent','sent','harit-samarth/sensor/data',0,NULL,'classic',NULL);
INSERT INTO "sensor_readings" VALUES(7,'2025-11-24T16:01:42.000000+00:00',26.0,17.8,152.3,498.2,22.1,54.8,6.6,46,'Good',0,0.25,'[]','probe',1764000102000000,1764000102000005,'mqtt',X'1FA80E847F14A470FCF6B5F0A3E7AEE6DB5596DEBC44970AD0E866A5A85BB0B5',1,1,1,1,1,1,1,'as sent','sent','harit-samarth/sensor/data',0,NULL,'classic',NULL);
INSERT INTO "sensor_readings" VALUES(8,'2025-11-24T16:01:59.000000+00:00',20.0,17.8,152.3,498.2,22.1,54.8,6.7,47,'Good',1,0.25,'["CO2"]','probe',1764000119000000,1764000119000005,'mqtt',X'ED0E270C864D66FC216E1671F13BD6808BB1ED20F9DDA3FF3BB1D2BBAD827673',1,1,1,1,1,1,1,'as sent','sent','harit-samarth/sensor/data',0,NULL,'classic',NULL);
INSERT INTO "sensor_readings" VALUES(9,'2025-11-24T16:02:16.000000+00:00',21.0,17.8,152.3,498.2,22.1,54.8,6.8,NULL,'Unknown',1,0.25,'["CO2"]','probe',1764000136000000,1764000136000005,'mqtt',X'F598B74B6173CE41FC29FB9AFB3E2946AA2E5C54733893A8E8458521C2F94921',1,1,1,1,1,1,1,'as sent','sent','harit-samarth/sensor/data',0,NULL,'classic',NULL);
INSERT INTO "sensor_readings" VALUES(10,'2025-11-24T16:02:33.000000+00:00',22.0,17.8,152.3,498.2,22.1,54.8,NULL,49,'Good',0,0.25,'[]','probe',1764000153000000,1764000153000005,'mqtt',X'F4D988C16C2BAEA66672126643578C35D030A509FF92010BB161A23893708085',1,1,1,1,1,1,9,'as sent','sent','harit-samarth/sensor/data',0,NULL,'classic',NULL);
INSERT INTO "sensor_readings" VALUES(11,'2025-11-24T16:02:50.000000+00:00',23.0,17.8,152.3,498.2,22.1,54.8,7.0,50,'Good',1,0.25,'["CO2"]','probe',1764000170000000,1764000170000005,'mqtt',X'AF470C9EDEFD7C11E9E9109907E5D777AA553754F9CCB3DE0F3F81F58368F45B',1,1,1,3,1,1,1,'as sent','sent','harit-samarth/sensor/data',0,NULL,'classic',NULL);
INSERT INTO "sensor_readings" VALUES(12,'2025-11-24T16:03:07.000000+00:00',24.0,17.8,152.3,498.2,22.1,54.8,6.0,51,'Good',1,0.25,'["CO2"]','probe',1764000187000000,1764000187000005,'mqtt',X'DB7F7D126CB8C32A10A7CF6ADB58D657ECB9E130480D2C3469B9298F0A37F015',1,1,1,1,1,1,1,'as sent','sent','harit-samarth/sensor/data',0,NULL,'classic',NULL);
INSERT INTO "sensor_readings" VALUES(14,'2025-11-24T16:00:00.000000+00:00',20.0,17.8,152.3,498.2,22.1,54.8,6.0,40,'Good',0,0.25,'[]','sim',1764000000000000,1764000000000005,'simulator',X'DC1D11841A26E541AC4F73CF20B55B2858C662455BC3228093EA52A5F0C01E85',1,1,1,3,1,1,1,'as sent','sent','harit-samarth/sensor/data',0,NULL,'classic',NULL);
INSERT INTO "sensor_readings" VALUES(15,'2025-11-24T16:00:17.000000+00:00',21.0,17.8,152.3,498.2,22.1,54.8,NULL,41,'Good',1,0.25,'["CO2"]','sim',1764000017000000,1764000017000005,'simulator',X'CC5E53B4C5C15F6E706E5200A9D2AB23E4FD1448BAEC9AA0B10A93A5D73BC6A1',1,1,1,1,1,1,9,'as sent','sent','harit-samarth/sensor/data',0,NULL,'classic',NULL);
INSERT INTO "sensor_readings" VALUES(16,'2025-11-24T16:00:34.000000+00:00',22.0,17.8,152.3,498.2,22.1,54.8,6.2,NULL,'Unknown',1,0.25,'["CO2"]','sim',1764000034000000,1764000034000005,'simulator',X'6E7F184B1ADDD623E0F35674BFC8026CDCDE16EDDD14CCBDB60255320FD4902B',1,1,1,1,1,1,1,'as sent','sent','harit-samarth/sensor/data',0,NULL,'classic',NULL);
INSERT INTO "sensor_readings" VALUES(17,'2025-11-24T16:00:51.000000+00:00',-5.0,17.8,152.3,498.2,22.1,54.8,6.3,43,'Good',0,0.25,'[]','sim',1764000051000000,1764000051000005,'simulator',X'EF8066110AD6292BE03ECA3A128E6508589442F215C7BBBC517E7E63085DB038',4,1,1,1,1,1,1,'as sent','sent','harit-samarth/sensor/data',0,NULL,'classic',NULL);
INSERT INTO "sensor_readings" VALUES(18,'2025-11-24T16:01:08.000000+00:00',24.0,17.8,152.3,498.2,22.1,54.8,6.4,44,'Good',1,0.25,'["CO2"]','sim',1764000068000000,1764000068000005,'simulator',X'590DCB58CDD0EAA2A3E7E7D9AFF85238BB6A457528962214877A8353C2EEEFC7',1,1,1,1,1,1,1,'as sent','sent','harit-samarth/sensor/data',0,NULL,'classic',NULL);
INSERT INTO "sensor_readings" VALUES(19,'2025-11-24T16:01:25.000000+00:00',25.0,17.8,152.3,498.2,22.1,54.8,NULL,45,'Good',1,0.25,'["CO2"]','sim',1764000085000000,1764000085000005,'simulator',X'E965E78A0CCBD4C781BCA3007FA4B3FD194CD02EFF234B426950C3226FBD79C9',1,1,1,3,1,1,9,'as sent','sent','harit-samarth/sensor/data',0,NULL,'classic',NULL);
INSERT INTO "sensor_readings" VALUES(20,'2025-11-24T17:53:20.000000+00:00',21.0,17.8,152.3,498.2,22.1,54.8,6.4,40,'Good',1,0.25,'["CO2"]','क्षेत्र 2',1764006800000000,1764006800000005,'mqtt',X'8450D5319B149863F3BE034ED6ED425985F0C51C5F877D88DA917E1E7B9AA3DA',1,1,1,3,1,1,1,'as sent','sent','harit-samarth/sensor/data',0,NULL,'classic',NULL);
INSERT INTO "sensor_readings" VALUES(21,'2025-11-24T16:09:58.000000+00:00',20.125,17.8,152.3,498.2,22.1,54.8,7.18,65,'Good',0,0.25,'[]','probe',1764000598000000,1764000598000000,'mqtt',X'0006445965070180B668664DD16277580D84B6D68FAB3F83E981EFE241E9186B',1,1,1,1,1,1,1,'as sent','sent','harit-samarth/sensor/data',0,NULL,'classic',NULL);
INSERT INTO "sensor_readings" VALUES(23,'2025-11-24T16:13:20.000000+00:00',20.375,17.8,152.3,498.2,22.1,54.8,7.18,65,'Good',0,0.25,'[]','api',1764000800000000,1764000800000005,'api',X'0006445971114800252AE3D4E369EA08E8A205380E303306D5C28B661DE1FB85',1,1,1,1,1,1,1,'as sent','sent','api/history',0,NULL,'classic',NULL);
INSERT INTO "sensor_readings" VALUES(24,'2025-11-24T16:11:38.000000+00:00',20.25,17.8,152.3,498.2,22.1,54.8,7.18,65,'Good',0,0.25,'[]','probe',1764000698000000,1764000698000000,'mqtt',X'000644596AFCE2801D874FDC3EF646CA4EA792541A19F8DA11B6F87B28C96B53',1,1,1,1,1,1,1,'as sent','sent','harit-samarth/sensor/data',0,NULL,'classic',NULL);
INSERT INTO "sensor_readings" VALUES(25,'2025-11-24T18:00:00.000000+00:00',22.5,17.8,152.3,498.2,85.0,54.8,7.18,65,'Good',0,0.25,'[]','probe',1764007200000000,1764007200000005,'mqtt',X'0006445AEE898800DB69C92800EAFEF1ECF240E81066EA0CBF506C9077C709B4',1,1,1,1,4,3,1,'as sent','sent','harit-samarth/sensor/data',0,NULL,'classic','{"Temperature": "range.impossible", "Moisture": "spike.returned"}');
INSERT INTO "sensor_readings" VALUES(26,'2025-11-24T16:50:01.000000+00:00',22.5,17.8,152.3,498.2,22.1,54.8,7.18,65,'Good',0,0.25,'[]','probe',1764003001000000,1764003001000005,'mqtt',X'7031000000000000000000000000000000000000000000000000000000000000',1,1,1,1,1,1,1,NULL,'received','harit-samarth/sensor/data',0,NULL,'classic',NULL);
INSERT INTO "sensor_readings" VALUES(27,'2025-11-24T16:50:02.000000+00:00',22.5,17.8,152.3,498.2,22.1,54.8,7.18,65,'Good',0,0.25,'[]','probe b',1764003002000000,1764003002000005,'mqtt',X'7032000000000000000000000000000000000000000000000000000000000000',1,1,1,1,1,1,1,NULL,'received','harit-samarth/sensor/data',0,NULL,'classic',NULL);
INSERT INTO "sensor_readings" VALUES(28,'2025-11-24T16:50:03.000000+00:00',22.5,17.8,152.3,498.2,22.1,54.8,7.18,65,'Good',0,0.25,'[]','esp',1764003003000000,1764003003000005,'mqtt',X'7033000000000000000000000000000000000000000000000000000000000000',1,1,1,1,1,1,1,NULL,'received','harit-samarth/sensor/data',0,NULL,'classic',NULL);
CREATE TABLE timeless_deliveries (
	session TEXT NOT NULL, 
	packet_id INTEGER NOT NULL, 
	part INTEGER NOT NULL, 
	digest BLOB NOT NULL, 
	number BIGINT NOT NULL, 
	reading_id BIGINT, 
	rejected_id BIGINT, 
	PRIMARY KEY (session, packet_id, part)
);
INSERT INTO "timeless_deliveries" VALUES('harit@farm:1883',7,1,X'A47CBB2BE49A3ADBAAA6E6DB90C70E5E6EEF70E7EB9A6BB6C1CBF3BDE2C2DA30',1,26,NULL);
INSERT INTO "timeless_deliveries" VALUES('harit@farm:1883',7,2,X'A47CBB2BE49A3ADBAAA6E6DB90C70E5E6EEF70E7EB9A6BB6C1CBF3BDE2C2DA30',1,27,NULL);
INSERT INTO "timeless_deliveries" VALUES('harit@farm:1883',8,0,X'0F15ABB58E25E5BD8ED3D7A16266798FB2B24EB8F06943F8D44F3C5F325C6437',2,28,NULL);
INSERT INTO "timeless_deliveries" VALUES('harit@farm:1883',9,0,X'457322F1A0D46E0C2B9B8BC19114EB061CA6A4EFDBAC264BD584537F5653A015',3,28,NULL);
CREATE TABLE withdrawn_readings (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	reading_key BLOB NOT NULL, 
	successor_key BLOB NOT NULL
);
INSERT INTO "withdrawn_readings" VALUES(1,X'000644596B1B6700FAED21FC37BE4F10F5717F45F62BFD42977E1EA6E5768318',X'000644596AFCE2801D874FDC3EF646CA4EA792541A19F8DA11B6F87B28C96B53');
CREATE INDEX ix_alert_log_alert_id ON alert_log (alert_id);
CREATE INDEX ix_api_rows_alike ON api_rows (alike, time_us);
CREATE INDEX ix_api_rows_reading_id ON api_rows (reading_id);
CREATE INDEX ix_api_rows_seen_us ON api_rows (seen_us);
CREATE INDEX ix_baselines_last_us ON baselines (last_us);
CREATE INDEX ix_calibrations_publisher_id ON calibrations (publisher_id);
CREATE INDEX ix_chart_notes_at_us ON chart_notes (at_us);
CREATE INDEX ix_message_log_rejected_id ON message_log (rejected_id) WHERE rejected_id IS NOT NULL;
CREATE INDEX ix_quality_events_first_us ON quality_events (first_us);
CREATE UNIQUE INDEX ux_quality_events_key ON quality_events (publisher_id, kind, first_us);
CREATE INDEX ix_readings_device_time ON sensor_readings (publisher_id, timestamp_us);
CREATE INDEX ix_readings_time ON sensor_readings (timestamp_us);
CREATE UNIQUE INDEX ux_readings_key ON sensor_readings (reading_key);
CREATE INDEX ix_timeless_deliveries_number ON timeless_deliveries (number);
CREATE INDEX ix_timeless_deliveries_rejected_id ON timeless_deliveries (rejected_id) WHERE rejected_id IS NOT NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('sensor_readings',28);
INSERT INTO "sqlite_sequence" VALUES('withdrawn_readings',1);
INSERT INTO "sqlite_sequence" VALUES('quality_events',2);
INSERT INTO "sqlite_sequence" VALUES('calibrations',2);
INSERT INTO "sqlite_sequence" VALUES('alert_log',2);
INSERT INTO "sqlite_sequence" VALUES('chart_notes',2);
INSERT INTO "sqlite_sequence" VALUES('recording_log',2);
COMMIT;

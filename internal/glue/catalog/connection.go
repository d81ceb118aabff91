package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/paging"
	"tarn/internal/glue/tags"
	"tarn/internal/meta"
)

// storedConnection keeps the properties of a connection, which hold its password, encrypted.
type storedConnection struct {
	Connection *glue.Connection // without ConnectionProperties
	Sealed     []byte           // a sealedPart
}

type sealedPart struct {
	Properties  map[string]string                    `json:",omitzero"`
	Basic       *glue.BasicAuthenticationCredentials `json:",omitzero"`
	Custom      map[string]string                    `json:",omitzero"`
	OAuth2Given *glue.OAuth2PropertiesInput          `json:",omitzero"`
}

func sealContext(acct, name string) string { return "glue connection " + acct + "/" + name }

// checkConnection demands what the kind of connection can't work without.
func checkConnection(in *glue.ConnectionInput) error {
	has := func(keys ...string) bool {
		for _, k := range keys {
			if in.ConnectionProperties[k] == "" {
				return false
			}
		}
		return true
	}
	switch awsapi.Val(in.ConnectionType) {
	case glue.ConnectionTypeJdbc:
		if !has(glue.ConnectionPropertyKeyJdbcConnectionUrl) && !has(glue.ConnectionPropertyKeyHost, glue.ConnectionPropertyKeyPort, glue.ConnectionPropertyKeyJdbcEngine) {
			return glue.InvalidInputException("A JDBC connection needs JDBC_CONNECTION_URL, or HOST, PORT and JDBC_ENGINE.")
		}
		user := has(glue.ConnectionPropertyKeyUsername) && (has(glue.ConnectionPropertyKeyPassword) || has(glue.ConnectionPropertyKeyEncryptedPassword))
		if !user && !has(glue.ConnectionPropertyKeySecretId) && in.AuthenticationConfiguration == nil {
			return glue.InvalidInputException("A JDBC connection needs USERNAME and PASSWORD, or SECRET_ID.")
		}
	case glue.ConnectionTypeKafka:
		if !has(glue.ConnectionPropertyKeyKafkaBootstrapServers) {
			return glue.InvalidInputException("A KAFKA connection needs KAFKA_BOOTSTRAP_SERVERS.")
		}
	}
	return nil
}

// seal makes the stored form of a connection.
func (s *Service) seal(ctx context.Context, acct string, in *glue.ConnectionInput) (*storedConnection, error) {
	now := s.now()
	c := &glue.Connection{
		Name: in.Name, Description: in.Description, ConnectionType: in.ConnectionType, MatchCriteria: in.MatchCriteria,
		SparkProperties: in.SparkProperties, AthenaProperties: in.AthenaProperties, PythonProperties: in.PythonProperties,
		PhysicalConnectionRequirements: in.PhysicalConnectionRequirements, CreationTime: now, LastUpdatedTime: now,
		LastUpdatedBy: new(awsapi.CallerFrom(ctx).ARN), Status: new(glue.ConnectionStatusReady), ConnectionSchemaVersion: new(int32(1)),
	}
	part := sealedPart{Properties: in.ConnectionProperties}
	if a := in.AuthenticationConfiguration; a != nil {
		c.ConnectionSchemaVersion = new(int32(2))
		c.AuthenticationConfiguration = &glue.AuthenticationConfiguration{AuthenticationType: a.AuthenticationType, SecretArn: a.SecretArn, KmsKeyArn: a.KmsKeyArn}
		part.Basic, part.Custom, part.OAuth2Given = a.BasicAuthenticationCredentials, a.CustomAuthenticationCredentials, a.OAuth2Properties
	}
	if part.Properties == nil {
		part.Properties = map[string]string{}
	}
	plain, err := json.Marshal(part)
	if err != nil {
		return nil, err
	}
	sealed, err := s.sealer.Seal(plain, sealContext(acct, *in.Name))
	if err != nil {
		return nil, fmt.Errorf("encrypting the connection %s: %w", *in.Name, err)
	}
	return &storedConnection{c, sealed}, nil
}

// unseal makes the answered form of a connection.
func (s *Service) unseal(acct string, doc *storedConnection, hidePassword *bool) (*glue.Connection, error) {
	c := doc.Connection
	plain, err := s.sealer.Open(doc.Sealed, sealContext(acct, *c.Name))
	if err != nil {
		return nil, fmt.Errorf("decrypting the connection %s: %w", *c.Name, err)
	}
	var part sealedPart
	if err := json.Unmarshal(plain, &part); err != nil {
		return nil, err
	}
	c.ConnectionProperties = part.Properties
	if awsapi.Val(hidePassword) {
		for _, k := range []string{
			glue.ConnectionPropertyKeyPassword, glue.ConnectionPropertyKeyEncryptedPassword,
			glue.ConnectionPropertyKeyKafkaClientKeystorePassword, glue.ConnectionPropertyKeyKafkaClientKeyPassword,
			glue.ConnectionPropertyKeyKafkaSaslPlainPassword, glue.ConnectionPropertyKeyKafkaSaslScramPassword,
		} {
			delete(c.ConnectionProperties, k)
		}
	}
	return c, nil
}

func connection(tx meta.Tx, acct, name string) (*storedConnection, error) {
	var doc storedConnection
	err := tx.Get(kindConnection, meta.Key{acct, name}, &doc)
	if errors.Is(err, meta.ErrNotFound) {
		return nil, glue.EntityNotFoundException("Connection %s not found.", name)
	}
	return &doc, err
}

// CreateConnection stores a connection; whether it connects is not tried.
func (s *Service) CreateConnection(ctx context.Context, in *glue.CreateConnectionInput) (*glue.CreateConnectionOutput, error) {
	acct, err := account(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	if err := checkConnection(in.ConnectionInput); err != nil {
		return nil, err
	}
	doc, err := s.seal(ctx, acct, in.ConnectionInput)
	if err != nil {
		return nil, err
	}
	name := *in.ConnectionInput.Name
	err = s.store.Update(ctx, func(tx meta.Tx) error {
		err := tx.Insert(kindConnection, meta.Key{acct, name}, doc)
		if errors.Is(err, meta.ErrExists) {
			return glue.AlreadyExistsException("Connection already exists.")
		}
		if err != nil {
			return err
		}
		return tags.Set(tx, tags.ARN(awsapi.CallerFrom(ctx), "connection", name), in.Tags)
	})
	if err != nil {
		return nil, err
	}
	return &glue.CreateConnectionOutput{CreateConnectionStatus: new(glue.ConnectionStatusReady)}, nil
}

// GetConnection answers one connection, with its password unless that is to be hidden.
func (s *Service) GetConnection(ctx context.Context, in *glue.GetConnectionInput) (*glue.GetConnectionOutput, error) {
	acct, err := account(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	var doc *storedConnection
	err = s.store.View(ctx, func(tx meta.Tx) (err error) {
		doc, err = connection(tx, acct, awsapi.Val(in.Name))
		return err
	})
	if err != nil {
		return nil, err
	}
	c, err := s.unseal(acct, doc, in.HidePassword)
	if err != nil {
		return nil, err
	}
	return &glue.GetConnectionOutput{Connection: c}, nil
}

// GetConnections lists connections by name.
func (s *Service) GetConnections(ctx context.Context, in *glue.GetConnectionsInput) (*glue.GetConnectionsOutput, error) {
	acct, err := account(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	out := &glue.GetConnectionsOutput{ConnectionList: []*glue.Connection{}}
	err = s.store.View(ctx, func(tx meta.Tx) error {
		docs, next, err := paging.List(tx, kindConnection, meta.Key{acct},
			paging.Request{Of: []any{"GetConnections", acct, in.Filter}, Token: in.NextToken, Max: in.MaxResults, Default: defaultPage},
			func(_ meta.Key, doc *storedConnection) (bool, error) { return wanted(doc.Connection, in.Filter), nil })
		if err != nil {
			return err
		}
		out.NextToken = next
		for _, doc := range docs {
			c, err := s.unseal(acct, doc, in.HidePassword)
			if err != nil {
				return err
			}
			out.ConnectionList = append(out.ConnectionList, c)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func wanted(c *glue.Connection, f *glue.GetConnectionsFilter) bool {
	if f == nil {
		return true
	}
	if f.ConnectionType != nil && *f.ConnectionType != awsapi.Val(c.ConnectionType) ||
		f.ConnectionSchemaVersion != nil && *f.ConnectionSchemaVersion != awsapi.Val(c.ConnectionSchemaVersion) {
		return false
	}
	have := map[string]bool{}
	for _, m := range c.MatchCriteria {
		have[m] = true
	}
	for _, m := range f.MatchCriteria {
		if !have[m] {
			return false
		}
	}
	return true
}

// UpdateConnection replaces a connection.
func (s *Service) UpdateConnection(ctx context.Context, in *glue.UpdateConnectionInput) (*glue.UpdateConnectionOutput, error) {
	acct, err := account(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	name := awsapi.Val(in.Name)
	if awsapi.Val(in.ConnectionInput.Name) != name {
		return nil, glue.InvalidInputException("Connection %s can't be renamed to %s.", name, awsapi.Val(in.ConnectionInput.Name))
	}
	if err := checkConnection(in.ConnectionInput); err != nil {
		return nil, err
	}
	doc, err := s.seal(ctx, acct, in.ConnectionInput)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx meta.Tx) error {
		old, err := connection(tx, acct, name)
		if err != nil {
			return err
		}
		doc.Connection.CreationTime = old.Connection.CreationTime
		return tx.Put(kindConnection, meta.Key{acct, name}, doc)
	})
	if err != nil {
		return nil, err
	}
	return &glue.UpdateConnectionOutput{}, nil
}

func deleteConnection(ctx context.Context, tx meta.Tx, acct, name string) error {
	err := tx.Delete(kindConnection, meta.Key{acct, name})
	if errors.Is(err, meta.ErrNotFound) {
		return glue.EntityNotFoundException("Connection %s not found.", name)
	}
	if err != nil {
		return err
	}
	return tags.Remove(tx, tags.ARN(awsapi.CallerFrom(ctx), "connection", name))
}

// DeleteConnection forgets a connection.
func (s *Service) DeleteConnection(ctx context.Context, in *glue.DeleteConnectionInput) (*glue.DeleteConnectionOutput, error) {
	acct, err := account(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx meta.Tx) error { return deleteConnection(ctx, tx, acct, awsapi.Val(in.ConnectionName)) })
	if err != nil {
		return nil, err
	}
	return &glue.DeleteConnectionOutput{}, nil
}

// BatchDeleteConnection forgets the connections that are there and says which are not.
func (s *Service) BatchDeleteConnection(ctx context.Context, in *glue.BatchDeleteConnectionInput) (*glue.BatchDeleteConnectionOutput, error) {
	acct, err := account(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	var out *glue.BatchDeleteConnectionOutput
	err = s.store.Update(ctx, func(tx meta.Tx) error {
		out = &glue.BatchDeleteConnectionOutput{Succeeded: []string{}, Errors: map[string]*glue.ErrorDetail{}}
		for _, name := range in.ConnectionNameList {
			err := deleteConnection(ctx, tx, acct, name)
			if err == nil {
				out.Succeeded = append(out.Succeeded, name)
				continue
			}
			if out.Errors[name], err = detail(err); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
